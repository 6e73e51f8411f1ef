//! Models of the ends, on lines that break at any moment: whatever happens, nothing is acknowledged that the client does not
//! have, and in the end everything has arrived.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::wire::messages::RequestedAction;

/// Room for early frames: little, so that it runs out.
const ROOM: usize = 3;

/// How a client treats what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// AWS's: what it knows it drops without a word.
    Reticent,
    /// AWS's where a receiver may be away for a while, and leaves what it is sent.
    Single,
    /// Ours: acknowledges what it knows, leaves what finds no room, and answers pings at once.
    Talkative,
}

/// A client's end.
#[derive(Debug)]
struct Client {
    manner: Manner,
    expected: i64,
    early: BTreeSet<i64>,
    /// Whether there is somebody who takes what comes.
    receiver: bool,
}

impl Client {
    fn has(&self, sequence: i64) -> bool {
        sequence < self.expected || self.early.contains(&sequence)
    }

    /// Whether it acknowledges.
    fn receive(&mut self, sequence: i64) -> bool {
        if sequence < self.expected {
            return self.manner == Manner::Talkative;
        }
        if sequence > self.expected {
            // The receiver of a single connection is asked first.
            if self.manner == Manner::Single && !self.receiver || self.early.len() >= ROOM {
                return false;
            }
            self.early.insert(sequence);
            return true;
        }
        if !self.receiver {
            return false;
        }
        self.expected += 1;
        while self.early.remove(&self.expected) {
            self.expected += 1;
        }
        true
    }
}

#[derive(Clone, Copy, Debug)]
enum Down {
    Frame(i64),
    Ping(u64),
}

#[derive(Clone, Copy, Debug)]
enum Up {
    Acknowledgement(i64),
    Pong(u64),
    Input,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The agent has output; it may be lost on the way to the engine.
    Write { lost: bool },
    /// The agent repeats its oldest frame, or all of them in order, as ours does.
    Repeat { all: bool },
    /// So much reaches the client.
    Down(usize),
    /// So much reaches the engine.
    Up(usize),
    /// The client's line breaks, and it has a new one.
    Cut,
    /// What the engine last told the agent is lost.
    Deaf(bool),
    /// The client's receiver comes or goes.
    Receiver(bool),
    /// The engine forgets everything.
    Restart,
}

struct World {
    receipts: Receipts,
    /// The engine's count of the agent's frames.
    next: i64,
    heard: bool,
    client: Client,
    down: VecDeque<Down>,
    up: VecDeque<Up>,
    written: i64,
    unacknowledged: BTreeSet<i64>,
    /// Whether what the agent is told gets lost.
    deaf: bool,
}

impl World {
    fn new(manner: Manner) -> Self {
        let client = Client { manner, expected: 0, early: BTreeSet::new(), receiver: false };
        let mut world = Self {
            receipts: Receipts::from_the_beginning(),
            next: 0,
            heard: false,
            client,
            down: VecDeque::new(),
            up: VecDeque::new(),
            written: 0,
            unacknowledged: BTreeSet::new(),
            deaf: false,
        };
        if manner == Manner::Single {
            world.receipts.asked(&port("3.0.196.0"));
        }
        world.dial();
        world
    }

    fn dial(&mut self) {
        self.down.clear();
        self.up.clear();
        let reticent = self.client.manner != Manner::Talkative;
        let line = Line { client_id: "c".into(), reticent, shell: self.client.manner != Manner::Single };
        self.receipts.line(line, self.next);
    }

    fn send(&mut self, sequence: i64) {
        let next = self.next;
        self.next = next.max(sequence + 1);
        match self.receipts.output(sequence, next) {
            Verdict::Known => self.tell(sequence),
            Verdict::Pass => self.down.push_back(Down::Frame(sequence)),
            Verdict::PassAndTell => {
                self.down.push_back(Down::Frame(sequence));
                let receipt = Receipt { id: Uuid::nil(), sequence };
                self.down.extend(self.receipts.handed(receipt).map(Down::Ping));
            }
        }
    }

    /// The agent is told that the client has a frame.
    fn tell(&mut self, sequence: i64) {
        assert!(self.client.has(sequence), "frame {sequence} was never taken: {:?}", self.client);
        if !self.deaf {
            self.unacknowledged.remove(&sequence);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Write { lost } => {
                let sequence = self.written;
                self.written += 1;
                self.unacknowledged.insert(sequence);
                if !lost {
                    self.send(sequence);
                }
            }
            Step::Repeat { all } => {
                let count = if all { usize::MAX } else { 1 };
                let again: Vec<i64> = self.unacknowledged.iter().copied().take(count).collect();
                again.into_iter().for_each(|sequence| self.send(sequence));
            }
            Step::Down(count) => {
                for _ in 0..count {
                    match self.down.pop_front() {
                        Some(Down::Frame(sequence)) if self.client.receive(sequence) => {
                            self.up.push_back(Up::Acknowledgement(sequence));
                        }
                        Some(Down::Frame(_)) => {}
                        Some(Down::Ping(number)) => self.up.push_back(Up::Pong(number)),
                        None => break,
                    }
                }
            }
            Step::Up(count) => {
                for _ in 0..count {
                    match self.up.pop_front() {
                        Some(Up::Acknowledgement(sequence)) => {
                            self.receipts.acknowledged(sequence, self.next);
                            self.tell(sequence);
                        }
                        Some(Up::Pong(number)) => {
                            let (receipts, ping) = self.receipts.answered(number);
                            receipts.into_iter().for_each(|receipt| self.tell(receipt.sequence));
                            self.down.extend(ping.map(Down::Ping));
                        }
                        Some(Up::Input) => {
                            self.heard = true;
                            self.receipts.input();
                        }
                        None => break,
                    }
                }
            }
            Step::Cut => self.dial(),
            Step::Deaf(deaf) => self.deaf = deaf,
            Step::Receiver(there) => {
                // Only that of a single connection ever goes.
                self.client.receiver = there || self.client.receiver && self.client.manner != Manner::Single;
                if there {
                    self.up.push_back(Up::Input);
                }
            }
            Step::Restart => {
                self.receipts = Receipts::in_the_middle(self.heard);
                self.next = 0;
                self.dial();
            }
        }
    }

    /// Peace: nothing breaks any more.
    fn settle(&mut self, all: bool) {
        self.step(Step::Deaf(false));
        self.step(Step::Receiver(true));
        for _ in 0..4 * self.written + 8 {
            for step in [Step::Up(usize::MAX), Step::Repeat { all }, Step::Down(usize::MAX), Step::Up(usize::MAX)] {
                self.step(step);
            }
        }
    }
}

fn steps(restarts: u32) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => prop::bool::weighted(0.2).prop_map(|lost| Step::Write { lost }),
        4 => any::<bool>().prop_map(|all| Step::Repeat { all }),
        6 => (1usize..6).prop_map(Step::Down),
        6 => (1usize..6).prop_map(Step::Up),
        2 => Just(Step::Cut),
        2 => any::<bool>().prop_map(Step::Deaf),
        1 => any::<bool>().prop_map(Step::Receiver),
        restarts => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_reticent_client_misses_nothing_and_never_stands_still(steps in steps(0), all in any::<bool>()) {
        let mut world = World::new(Manner::Reticent);
        steps.into_iter().for_each(|step| world.step(step));
        world.settle(all);
        prop_assert_eq!(world.client.expected, world.written);
        prop_assert!(world.unacknowledged.is_empty(), "{:?} of {}", world.unacknowledged, world.written);
    }

    #[test]
    fn a_restart_makes_nobody_say_what_is_not_so(steps in steps(2), all in any::<bool>()) {
        let mut world = World::new(Manner::Reticent);
        steps.into_iter().for_each(|step| world.step(step));
        world.settle(all);
    }

    #[test]
    fn nothing_is_said_for_a_client_whose_silence_may_mean_no(steps in steps(1), all in any::<bool>()) {
        let mut world = World::new(Manner::Single);
        steps.clone().into_iter().for_each(|step| world.step(step));
        world.settle(all);
        let mut world = World::new(Manner::Talkative);
        steps.into_iter().for_each(|step| world.step(step));
        world.settle(all);
        prop_assert_eq!(world.client.expected, world.written);
        prop_assert!(world.unacknowledged.is_empty());
    }

    #[test]
    fn a_hostile_account_stays_small(frames in prop::collection::vec((any::<i64>(), any::<i64>(), any::<i64>()), 0..3_000)) {
        let mut receipts = Receipts::in_the_middle(true);
        receipts.line(Line { reticent: true, shell: true, ..Line::default() }, 0);
        for (frame, acknowledged, next) in frames {
            let next = next.max(0);
            receipts.output(frame, next);
            receipts.acknowledged(acknowledged, next);
            receipts.handed(Receipt { id: Uuid::nil(), sequence: frame });
            receipts.answered(frame.unsigned_abs() % 64);
        }
        prop_assert!(receipts.beyond.len() <= STRETCHES && receipts.run.len() <= RUN);
    }
}

fn port(agent_version: &str) -> HandshakeRequest {
    let parameters = json!({"SessionType": "Port", "Properties": {"portNumber": "80", "type": "LocalPortForwarding"}});
    let action = RequestedAction { action_type: "SessionType".into(), action_parameters: parameters };
    HandshakeRequest {
        agent_version: agent_version.into(),
        requested_client_actions: vec![action],
        ..Default::default()
    }
}

#[test]
fn the_line_breaks_behind_the_output_of_an_old_pair() {
    let mut world = World::new(Manner::Reticent);
    for step in [Step::Receiver(true), Step::Up(1), Step::Write { lost: false }, Step::Down(1)] {
        world.step(step);
    }
    // The acknowledgement goes down with the line, and so does what comes next.
    world.step(Step::Write { lost: false });
    world.step(Step::Cut);
    assert_eq!((world.client.expected, world.unacknowledged.len()), (1, 2));
    world.step(Step::Repeat { all: false });
    world.step(Step::Down(1));
    world.step(Step::Up(1));
    assert_eq!(world.unacknowledged.len(), 2, "the pong is not there yet");
    world.step(Step::Down(1));
    world.step(Step::Up(1));
    assert_eq!(world.unacknowledged, [1].into(), "the agent goes on to the next");
}

#[test]
fn a_restart_of_the_engine_is_no_obstacle_where_frames_arrived_in_order() {
    let mut world = World::new(Manner::Reticent);
    world.step(Step::Receiver(true));
    (0..6).for_each(|_| world.step(Step::Write { lost: false }));
    // All of them are shown; three acknowledgements and the input come back.
    world.step(Step::Down(6));
    world.step(Step::Up(4));
    world.step(Step::Restart);
    assert_eq!((world.client.expected, world.unacknowledged.len()), (6, 3));
    world.settle(false);
    assert!(world.unacknowledged.is_empty());
}

#[test]
fn forwards_of_one_connection_are_known_by_their_versions() {
    let line = || Line { client_id: "c".into(), reticent: true, shell: false };
    let speaks = |request: &HandshakeRequest, client: &str| {
        let mut receipts = Receipts::from_the_beginning();
        receipts.input();
        receipts.line(line(), 0);
        assert!(!receipts.silence_speaks(), "of a port nothing is known before its handshake");
        receipts.asked(request);
        receipts.answered_handshake(&HandshakeResponse { client_version: client.into(), ..Default::default() });
        receipts.asked(request);
        receipts.silence_speaks()
    };
    assert!(speaks(&port("3.3.0.0"), "1.2.650.0"));
    assert!(!speaks(&port("3.0.196.0"), "1.2.650.0"));
    assert!(!speaks(&port("3.3.0.0"), "1.1.61.0"));
}

#[test]
fn another_client_is_asked_anew() {
    let mut receipts = Receipts::from_the_beginning();
    receipts.line(Line { client_id: "a".into(), reticent: true, shell: true }, 0);
    receipts.input();
    assert_eq!(receipts.output(0, 0), Verdict::Pass);
    receipts.acknowledged(0, 1);
    assert_eq!(receipts.output(0, 1), Verdict::Known);
    receipts.line(Line { client_id: "b".into(), reticent: true, shell: true }, 1);
    assert_eq!(receipts.output(0, 1), Verdict::Pass, "it has not shown that one, and has sent no input yet");
}

#[test]
fn what_was_never_sent_cannot_be_acknowledged() {
    let mut receipts = Receipts::from_the_beginning();
    receipts.acknowledged(0, 0);
    receipts.acknowledged(i64::MAX, 5);
    receipts.acknowledged(-1, 5);
    assert!(!receipts.has(0) && !receipts.has(i64::MAX) && !receipts.has(-1));
    assert_eq!(receipts.output(i64::MIN, 0), Verdict::Pass);
}
