//! What each witness says, read a second time, by somebody who does not know how the first reading is written: from
//! the servers before and after, the history and the requests that wait where that is possible, from what was sent
//! only where nothing else tells.

use quorate_cluster::{Action, Command, Envelope, Server, WaitingKind};
use quorate_core::{Event, Flow, Message, Outcome, Payload, Progress, Role, StepDown};
use quorate_spec::Transition;

type Seen = fn(&Transition<'_>) -> bool;

/// The names of the witnesses, and when they are to be seen.
pub(crate) const READINGS: &[(&str, Seen)] = &[
    ("leader_elected", elected),
    ("leader_after_leader", |t| elected(t) && !older_leaders(t).is_empty()),
    ("two_leaders_at_once", |t| elected(t) && others(t).any(leads)),
    ("two_candidates", |t| {
        stood(t) && others(t).any(|other| stands(other) && term(other) == term(acting(t)[1]))
    }),
    ("candidate_gave_way", |t| {
        stepped(t, |[was, is]| stands(was) && follows_somebody(is) && term(was) == term(is))
    }),
    ("vote_refused_for_vote", |t| {
        asked_for_vote(t, |[_, is], asking| {
            is.state.voted_for.is_some_and(|vote| vote != asking.from)
        })
    }),
    ("vote_refused_for_log", |t| {
        asked_for_vote(t, |[_, is], asking| {
            let free = is.state.voted_for.is_none() && follows_nobody(is);
            let end = is.state.log.entries().last().map(|entry| entry.term);
            let Message::RequestVote { last } = asking.message else { return false };
            let mine = (end.unwrap_or_default(), is.state.log.entries().len() as u64);
            free && (last.term, last.index.0) < mine
        })
    }),
    ("vote_for_shorter_log", |t| {
        asked_for_vote(t, |[was, is], asking| {
            let Message::RequestVote { last } = asking.message else { return false };
            let had = term(was) == term(is) && was.state.voted_for.is_some();
            let gave = is.state.voted_for == Some(asking.from) && !had;
            gave && last.index.0 < is.state.log.entries().len() as u64
        })
    }),
    ("vote_with_new_term", |t| {
        stepped(t, |[was, is]| {
            term(was) < term(is) && is.state.voted_for.is_some_and(|vote| vote != is.state.id)
        })
    }),
    ("late_vote_ignored", |t| {
        vote_came(t, |[was, _], vote| stands(was) && vote.term < was.state.current_term)
    }),
    ("repeated_vote_ignored", |t| {
        vote_came(t, |[was, _], vote| match &was.state.role {
            Role::Candidate(candidate) => {
                vote.term == was.state.current_term
                    && candidate.votes.iter().any(|voter| voter == vote.from)
            }
            _ => false,
        })
    }),
    ("leader_stepped_down_higher_term", |t| {
        stepped(t, |[was, is]| leads(was) && term(was) < term(is) && !stands(is))
    }),
    ("leader_stepped_down_majority_silent", |t| {
        says(t, &Event::SteppedDown(StepDown::MajoritySilent))
    }),
    ("leader_stepped_down_disk_hung", |t| says(t, &Event::SteppedDown(StepDown::DiskHung))),
    ("hung_disk_did_not_stand", |t| {
        matches!(t.action, Action::ElectionTimeout(_))
            && stepped(t, |[was, is]| {
                !leads(was) && was.state.disk_lagging && term(was) == term(is)
            })
    }),
    ("noop_committed", |t| newly_committed(t).any(|(payload, ..)| payload == Payload::NoOp)),
    ("command_committed", |t| newly_committed(t).any(|(payload, ..)| payload != Payload::NoOp)),
    ("older_term_committed", |t| newly_committed(t).any(|(_, made, by)| made != by)),
    ("commit_by_followers_alone", |t| {
        let newest = newly_committed(t).count() > 0;
        newest && t.after.history.committed.len() as u64 > acting(t)[1].state.durable.index.0
    }),
    ("follower_learned_commit", learned),
    ("follower_applied", |t| {
        stepped(t, |[was, is]| follows(is) && was.state.last_applied != is.state.last_applied)
    }),
    ("commit_ahead_of_durable", |t| {
        learned(t) && stepped(t, |[_, is]| is.state.durable.index < is.state.commit_index)
    }),
    ("entries_truncated", |t| {
        stepped(t, |[was, is]| {
            let (old, new) = (was.state.log.entries(), is.state.log.entries());
            old.len() > new.len() || *old != new[..old.len()]
        })
    }),
    ("suffix_kept", |t| nothing_new(t, |last, is| last < is.state.log.entries().len())),
    ("repeated_entries_ignored", |t| nothing_new(t, |_, _| true)),
    ("append_rejected", |t| sends(t, |message| matches!(message, Message::AppendRejected { .. }))),
    ("leader_backed_up", |t| {
        answer(t, |message, [was, is]| {
            matches!(message, Message::AppendRejected { .. }) && was.next_index > is.next_index
        })
    }),
    ("late_rejection_ignored", |t| {
        answer(t, |message, [was, is]| {
            matches!(message, Message::AppendRejected { .. })
                && was.next_index == is.next_index
                && was.flow == is.flow
        })
    }),
    ("late_acknowledgement_ignored", |t| {
        answer(t, |message, [was, _]| match message {
            Message::AppendAccepted { match_index, .. } => {
                (1..was.match_index.0).contains(&match_index.0)
            }
            _ => false,
        })
    }),
    ("stale_append_answered", |t| sends(t, |message| matches!(message, Message::StaleTerm { .. }))),
    ("batches_pipelined", |t| {
        stepped(t, |[_, is]| match &is.state.role {
            Role::Leader(leader) => leader.progress.iter().any(|progress| match &progress.flow {
                Flow::Streaming { in_flight } => in_flight.get(1).is_some(),
                _ => false,
            }),
            _ => false,
        })
    }),
    ("several_unfinished_writes", |t| stepped(t, |[_, is]| is.disk.unfinished.len() >= 2)),
    ("crash_lost_writes", |t| crashed(t, |[was, _], kept| was.disk.unfinished.len() != kept)),
    ("crash_lost_entries", |t| {
        crashed(t, |[was, is], _| was.state.log.entries().len() > is.state.log.entries().len())
    }),
    ("crash_lost_term", |t| crashed(t, |[was, is], _| term(was) > term(is))),
    ("crash_kept_some", |t| {
        crashed(t, |[was, _], kept| (1..was.disk.unfinished.len()).contains(&kept))
    }),
    ("crash_kept_unreported", |t| crashed(t, |_, kept| kept != 0)),
    ("crash_of_leader", |t| crashed(t, |[was, _], _| leads(was))),
    ("restart_with_vote", |t| crashed(t, |[_, is], _| is.disk.voted_for.is_some())),
    ("durable_entry_overwritten", |t| !overwritten(t).is_empty()),
    ("majority_entry_overwritten", |t| {
        let disks = || t.before.servers.iter().map(|server| server.disk.log.entries());
        let all = disks().count();
        overwritten(t).into_iter().any(|place| {
            let entry = acting(t)[0].disk.log.entries().get(place);
            disks().filter(|held| held.get(place) == entry).count() > all / 2
        })
    }),
    ("write_done", |t| {
        ended(t, |kind, outcome| is_write(kind) && matches!(outcome, Outcome::Written(_)))
    }),
    ("write_unknown", |t| ended(t, |_, outcome| matches!(outcome, Outcome::Unknown))),
    ("write_busy", |t| proposes(t) && ended(t, |_, outcome| matches!(outcome, Outcome::Busy))),
    ("write_refused", |t| proposes(t) && stepped(t, |[was, _]| !leads(was))),
    ("write_at_old_leader", |t| proposes(t) && led_before(t)),
    ("read_served", |t| ended(t, |_, outcome| matches!(outcome, Outcome::Readable(_)))),
    ("read_served_after_round", |t| {
        confirmed(t) && ended(t, |_, outcome| matches!(outcome, Outcome::Readable(_)))
    }),
    ("read_busy", |t| reads(t) && ended(t, |_, outcome| matches!(outcome, Outcome::Busy))),
    ("read_refused", |t| reads(t) && stepped(t, |[was, _]| !leads(was))),
    ("read_failed", |t| {
        !reads(t) && ended(t, |_, outcome| matches!(outcome, Outcome::ReadFailed(_)))
    }),
    ("read_before_noop", |t| {
        reads(t)
            && stepped(t, |[was, _]| {
                let known = was.state.commit_index.0 as usize;
                let committed = was.state.log.entries().iter().take(known);
                leads(was)
                    && committed.into_iter().all(|entry| entry.term != was.state.current_term)
            })
    }),
    ("read_at_old_leader", |t| reads(t) && led_before(t)),
];

/// The server that acted, before and after; of a step or a crash.
fn acting<'a>(t: &Transition<'a>) -> [&'a Server; 2] {
    let who = t.acting().expect("somebody acted");
    [t.before, t.after].map(|cluster| cluster.server(who).expect("a server of this cluster"))
}

fn others<'a>(t: &Transition<'a>) -> impl Iterator<Item = &'a Server> {
    let me = acting(t)[1].state.id;
    t.after.servers.iter().filter(move |server| server.state.id != me)
}

fn term(server: &Server) -> u64 {
    server.state.current_term.0
}

fn leads(server: &Server) -> bool {
    matches!(server.state.role, Role::Leader(_))
}

fn stands(server: &Server) -> bool {
    matches!(server.state.role, Role::Candidate(_))
}

fn follows(server: &Server) -> bool {
    !leads(server) && !stands(server)
}

fn follows_somebody(server: &Server) -> bool {
    follows(server) && server.state.leader_hint().is_some()
}

fn follows_nobody(server: &Server) -> bool {
    follows(server) && server.state.leader_hint().is_none()
}

/// Whether a server took a step that passes a test.
fn stepped(t: &Transition<'_>, test: impl Fn([&Server; 2]) -> bool) -> bool {
    t.happening.step.is_some() && test(acting(t))
}

/// Whether a server crashed in a way that passes a test, which is also told how many writes were kept.
fn crashed(t: &Transition<'_>, test: impl Fn([&Server; 2], usize) -> bool) -> bool {
    match t.action {
        Action::Crash { keep, .. } => test(acting(t), *keep),
        _ => false,
    }
}

fn elected(t: &Transition<'_>) -> bool {
    stepped(t, |[was, is]| leads(is) && !(leads(was) && term(was) == term(is)))
}

fn stood(t: &Transition<'_>) -> bool {
    stepped(t, |[was, is]| stands(is) && term(was) != term(is))
}

/// The terms before that of the acting server that have had a leader.
fn older_leaders(t: &Transition<'_>) -> Vec<u64> {
    let terms = t.before.history.leaders.keys().map(|leader| leader.0);
    terms.filter(|led| *led < term(acting(t)[1])).collect()
}

/// Whether a leader acts while a later term than its own has had a leader.
fn led_before(t: &Transition<'_>) -> bool {
    let mut terms = t.before.history.leaders.keys();
    stepped(t, |[was, _]| leads(was)) && terms.any(|led| led.0 > term(acting(t)[0]))
}

/// Whether a message came that passes a test.
fn came(t: &Transition<'_>, test: impl Fn([&Server; 2], &Envelope) -> bool) -> bool {
    match t.action {
        Action::Deliver(envelope) | Action::Duplicate(envelope) => test(acting(t), envelope),
        _ => false,
    }
}

fn asked_for_vote(t: &Transition<'_>, test: impl Fn([&Server; 2], &Envelope) -> bool) -> bool {
    came(t, |[was, is], envelope| {
        let is_asked = matches!(envelope.message, Message::RequestVote { .. });
        is_asked && envelope.term.0 == term(is) && test([was, is], envelope)
    })
}

fn vote_came(t: &Transition<'_>, test: impl Fn([&Server; 2], &Envelope) -> bool) -> bool {
    came(t, |servers, envelope| {
        matches!(envelope.message, Message::VoteGranted) && test(servers, envelope)
    })
}

/// Whether a leader had an answer of its term whose sender it then sees in a way that passes a test.
fn answer(t: &Transition<'_>, test: impl Fn(&Message<Command>, [&Progress; 2]) -> bool) -> bool {
    came(t, |servers, envelope| {
        let progress = servers.map(|server| match &server.state.role {
            Role::Leader(leader) => leader.progress.iter().find(|p| p.server == envelope.from),
            _ => None,
        });
        let [Some(was), Some(is)] = progress else { return false };
        servers.iter().all(|s| term(s) == envelope.term.0) && test(&envelope.message, [was, is])
    })
}

/// Whether entries came that are all in the receiver's log, which they left as it was, and the place behind the last of
/// them passes a test.
fn nothing_new(t: &Transition<'_>, test: impl Fn(usize, &Server) -> bool) -> bool {
    came(t, |[was, is], envelope| {
        let Message::AppendEntries { previous, entries, .. } = &envelope.message else {
            return false;
        };
        let (log, start) = (is.state.log.entries(), previous.index.0 as usize);
        let end = start + entries.len();
        let matches_before =
            start == 0 || log.get(start - 1).map(|e| e.term) == Some(previous.term);
        let are_held = log.get(start..end).is_some_and(|held| held == &entries[..]);
        let is_current = envelope.term.0 == term(is) && follows(is);
        let is_new = entries.is_empty() || was.state.log != is.state.log;
        is_current && matches_before && are_held && !is_new && test(end, is)
    })
}

fn learned(t: &Transition<'_>) -> bool {
    stepped(t, |[was, is]| follows(is) && was.state.commit_index != is.state.commit_index)
}

/// What became committed: the payload, the term in which it was made, and the one in which it was committed.
fn newly_committed(t: &Transition<'_>) -> impl Iterator<Item = (Payload<Command>, u64, u64)> {
    let known = t.before.history.committed.len();
    let new = t.after.history.committed[known..].iter();
    new.map(|new| (new.entry.payload.clone(), new.entry.term.0, new.term.0))
}

fn sends(t: &Transition<'_>, test: impl Fn(&Message<Command>) -> bool) -> bool {
    let step = t.happening.step.as_ref();
    step.is_some_and(|step| step.effects.send.iter().any(|envelope| test(&envelope.message)))
}

fn says(t: &Transition<'_>, event: &Event) -> bool {
    t.happening.step.as_ref().is_some_and(|step| step.effects.events.contains(event))
}

/// The places in the log of the acting server's disk, from zero, at which an entry went.
fn overwritten(t: &Transition<'_>) -> Vec<usize> {
    if !matches!(t.action, Action::Sync { .. } | Action::Crash { .. }) {
        return Vec::new();
    }
    let [old, new] = acting(t).map(|server| server.disk.log.entries());
    (0..old.len()).filter(|place| old.get(*place) != new.get(*place)).collect()
}

/// Whether a request that waited, or was just made, ended in a way that passes a test.
fn ended(t: &Transition<'_>, test: impl Fn(Option<WaitingKind>, &Outcome) -> bool) -> bool {
    let replies = t.happening.step.iter().flat_map(|step| &step.effects.reply);
    replies.into_iter().any(|reply| {
        let waited = t.before.clients.waiting.get(&reply.request).map(|waiting| waiting.kind);
        test(waited.or(proposes(t).then_some(WaitingKind::Write)), &reply.outcome)
    })
}

fn is_write(kind: Option<WaitingKind>) -> bool {
    kind == Some(WaitingKind::Write)
}

fn proposes(t: &Transition<'_>) -> bool {
    matches!(t.action, Action::Propose { .. })
}

fn reads(t: &Transition<'_>) -> bool {
    matches!(t.action, Action::Read { .. })
}

/// Whether an answer came that confirms a read of the leader to which it came.
fn confirmed(t: &Transition<'_>) -> bool {
    came(t, |[was, _], envelope| {
        let (Message::AppendAccepted { round, .. } | Message::AppendRejected { round, .. }) =
            &envelope.message
        else {
            return false;
        };
        match &was.state.role {
            Role::Leader(leader) => leader.reads.iter().any(|read| *round >= read.round),
            _ => false,
        }
    })
}
