use crate::session::Session;

const GOOD: &str = "\
scenario version=1
setting servers=3 network=faulty
# n1 stands, and n2 votes for it.
election_timeout n1
settle {n1,n2}
expect n1 leader
end
";

/// n2 votes for n1, loses its disk, and votes for n3.
const BAD: &str = "\
scenario version=1
setting servers=3 network=faulty
election_timeout n1
sync n1 1
deliver n1>n2 RequestVote
sync n2 1
wipe n2
expect violated TermMonotonic
end
";

#[test]
fn a_scenario_ends_with_the_verdict_of_what_it_replays() {
    let mut session = Session::new("replay");
    session.write("good.txt", GOOD);
    session.write("bad.txt", BAD);
    assert_eq!(session.run("replay good.txt").code, Some(0));
    assert_eq!(session.run("replay bad.txt").code, Some(1));
    // What is expected and does not happen is no violation; what happens instead is one.
    session.write("mended.txt", GOOD.replace("end\n", "expect violated VoteOnce\nend\n"));
    assert_eq!(session.run("replay mended.txt").code, Some(0));
    session.write("other.txt", BAD.replace("TermMonotonic", "VoteOnce"));
    assert_eq!(session.run("replay other.txt").code, Some(1));
    // A record that is not what happens now is called out.
    session.write("recorded.txt", GOOD.replace("settle", "  | n1 did nothing\nsettle"));
    let run = session.run("replay recorded.txt");
    assert!(run.stdout.contains("DIFFERS from what the file records, from line 5"));
    session.end();
}

#[test]
fn a_file_that_is_no_scenario_is_refused_with_line_and_reason() {
    let mut session = Session::new("replay_errors");
    session.write("empty.txt", "");
    session.write("cut_short.txt", GOOD.replace("end\n", ""));
    session.write("other_version.txt", GOOD.replace("version=1", "version=2"));
    session.write("no_setting.txt", "scenario version=1\nelection_timeout n1\nend\n");
    session.write("eight.txt", GOOD.replace("servers=3", "servers=8"));
    session.write("unknown_word.txt", GOOD.replace("settle {n1,n2}", "explode n1"));
    session.write("no_such_server.txt", GOOD.replace("election_timeout n1", "election_timeout n4"));
    session.write("no_write.txt", GOOD.replace("settle {n1,n2}", "sync n2 1"));
    session.write("no_message.txt", GOOD.replace("settle {n1,n2}", "deliver n2>n1 Vote"));
    session.write("unmet.txt", GOOD.replace("expect n1 leader", "expect n2 leader"));
    session.write("after_the_end.txt", format!("{GOOD}election_timeout n1\n"));
    session.write("binary.txt", b"scenario version=1\n\xff\xfe\x00");
    session.run("replay missing.txt").must_fail(66);
    session.run("replay .").must_fail(66);
    for file in [
        "empty",
        "cut_short",
        "other_version",
        "no_setting",
        "eight",
        "unknown_word",
        "no_such_server",
        "no_write",
        "no_message",
        "unmet",
        "after_the_end",
        "binary",
    ] {
        let run = session.run(&format!("replay {file}.txt"));
        run.must_fail(65);
        assert!(run.stderr.starts_with(&format!("quorate: {file}.txt: ")), "{}", run.stderr);
        let says_where = run.stderr.contains(": line ") || run.stderr.contains(": byte ");
        assert!(says_where, "{}", run.stderr);
    }
    session.end();
}
