use crate::session::Session;

#[test]
fn what_it_is_and_what_it_can_do() {
    let mut session = Session::new("texts");
    let alone = session.run("");
    assert_eq!((alone.code, alone.stderr.as_str()), (Some(0), ""));
    let help = session.run("help");
    for same in [
        "--help",
        "-h",
        "check --help",
        "check -h",
        "replay --help",
        "prove --help",
        "simulate --help",
        "cluster --help",
        "serve -h",
        "status --help",
        "log -h",
        "coverage --help",
    ] {
        let run = Session::new("texts_same").run(same);
        assert_eq!((run.code, &run.stdout), (Some(0), &help.stdout), "{same}");
    }
    let list = session.run("list");
    let short = Session::new("texts_version").run("-V");
    assert_eq!(session.run("--version").stdout, short.stdout);
    for text in [&alone, &help, &list] {
        assert_eq!(text.code, Some(0));
        let is_long = |line: &&str| line.chars().count() > 110;
        assert_eq!(text.stdout.lines().find(is_long), None);
    }
    session.end();
}
