//! Random networks between two ends: ten thousand of them, each small.

use super::*;

/// A small generator, so that one seed makes one network.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// What a network does to the messages of both directions.
#[derive(Clone, Copy, Debug)]
struct Weather {
    /// Of a hundred.
    loss: u64,
    /// One in so many is repeated, is damaged.
    repeated: u64,
    damaged: u64,
    /// Milliseconds at most; more than one message's worth of it reorders.
    delay: u64,
    /// One step in so many replaces a socket, or lets the service say that the peer has gone and come back.
    broken: u64,
    paused: u64,
}

fn weather() -> impl Strategy<Value = Weather> {
    (0u64..45, 3u64..30, 5u64..60, 1u64..200, 10u64..200, 10u64..200).prop_map(
        |(loss, repeated, damaged, delay, broken, paused)| Weather { loss, repeated, damaged, delay, broken, paused },
    )
}

/// One direction of a network.
#[derive(Default)]
struct Flight(Vec<(i64, Bytes)>);

impl Flight {
    fn depart(&mut self, messages: Vec<Bytes>, now: i64, weather: Weather, chance: &mut Chance) {
        for message in messages {
            let copies = if chance.one_in(weather.repeated) { 2 } else { 1 };
            for _ in 0..copies {
                if chance.below(100) < weather.loss {
                    continue;
                }
                let due = now + i64::try_from(chance.below(weather.delay)).unwrap();
                let message = match chance.one_in(weather.damaged) {
                    true => damaged(&message, chance),
                    false => message.clone(),
                };
                self.0.push((due, message));
            }
        }
    }

    fn arrive(&mut self, channel: &mut Channel, now: i64) {
        let (due, rest) = std::mem::take(&mut self.0).into_iter().partition::<Vec<_>, _>(|(due, _)| *due <= now);
        self.0 = rest;
        for (_, message) in due {
            // What is damaged is refused; everything else is taken.
            let _ = channel.receive(&message, at(now));
        }
    }
}

/// With a bit of its payload flipped, or cut short. Headers have no digest: the network under a WebSocket guards them.
fn damaged(message: &Bytes, chance: &mut Chance) -> Bytes {
    let payload = u64::try_from(message.len()).unwrap() - 120;
    if payload == 0 {
        return message.slice(..60);
    }
    let at = 120 + usize::try_from(chance.below(payload)).unwrap();
    if chance.one_in(2) {
        return message.slice(..at);
    }
    let mut bytes = message.to_vec();
    bytes[at] ^= 1 << chance.below(8);
    bytes.into()
}

fn exchange(seed: u64, weather: Weather, sizes: (usize, usize), frame_size: usize, sealed: bool) {
    let mut chance = Chance(seed);
    let bytes = |count: usize, chance: &mut Chance| -> Vec<u8> {
        (0..count).map(|_| u8::try_from(chance.below(256)).unwrap()).collect()
    };
    let (up, down) = (bytes(sizes.0, &mut chance), bytes(sizes.1, &mut chance));
    let (mut client, mut agent) = (Channel::new(Role::Client, frame_size), Channel::new(Role::Agent, frame_size));
    if sealed {
        agent.send_handshake_request(key_request(), at(1));
    } else {
        agent.write(payload::OUTPUT, b"$", at(1));
    }
    let (mut to_agent, mut to_client) = (Flight::default(), Flight::default());
    let (mut up_sent, mut down_sent) = (0, 0);
    let (mut up_got, mut down_got) = (Vec::new(), Vec::new());
    let mut encrypted = !sealed;
    let mut now = 1;
    let greeting = usize::from(!sealed);
    while up_got.len() < up.len()
        || down_got.len() < down.len() + greeting
        || !client.is_drained()
        || !agent.is_drained()
    {
        assert!(now < 3_000_000, "no progress: {} up, {} down", up_got.len(), down_got.len());
        let end = |sent: usize, all: &[u8], chance: &mut Chance| {
            (sent + 1 + usize::try_from(chance.below(900)).unwrap()).min(all.len())
        };
        let up_end = end(up_sent, &up, &mut chance);
        up_sent += client.write(payload::OUTPUT, &up[up_sent..up_end], at(now));
        if encrypted {
            let down_end = end(down_sent, &down, &mut chance);
            down_sent += agent.write(payload::OUTPUT, &down[down_sent..down_end], at(now));
        }
        client.tick(at(now));
        agent.tick(at(now));
        to_agent.depart(flush(&mut client, at(now)), now, weather, &mut chance);
        to_client.depart(flush(&mut agent, at(now)), now, weather, &mut chance);
        if chance.one_in(weather.broken) {
            let (flight, end) =
                if chance.one_in(2) { (&mut to_agent, &mut client) } else { (&mut to_client, &mut agent) };
            flight.0.clear();
            end.reconnected();
        }
        if chance.one_in(weather.paused) {
            let message = |kind: &str| Bytes::from(Envelope::new(kind, at(now), Vec::new()).encode());
            agent.receive(&message(kind::PAUSE_PUBLICATION), at(now)).unwrap();
            to_client.0.clear();
            assert!(flush(&mut agent, at(now)).iter().all(|m| View::decode(m).unwrap().message_type != kind::OUTPUT));
            agent.receive(&message(kind::START_PUBLICATION), at(now)).unwrap();
        }
        // Straight to what happens next: nothing is waited for.
        let events = [client.deadline(), agent.deadline()].into_iter().flatten().map(|due| due.as_millis());
        let arrivals = to_agent.0.iter().chain(&to_client.0).map(|(due, _)| *due);
        now = events.chain(arrivals).chain([now + 500]).min().unwrap().max(now + 1);
        to_agent.arrive(&mut agent, now);
        to_client.arrive(&mut client, now);
        while let Some(event) = agent.poll_event() {
            match event {
                Event::Data(bytes) => up_got.extend_from_slice(&bytes),
                Event::Handshake(_) => agent.encrypt(keys(Role::Agent), at(now)).unwrap(),
                Event::Encrypted => {
                    encrypted = true;
                    agent.send_handshake_complete(&HandshakeComplete::default(), at(now));
                }
                Event::Peer { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        while let Some(event) = client.poll_event() {
            match event {
                Event::Data(bytes) => down_got.extend_from_slice(&bytes),
                Event::KeyWanted { .. } => client.answer_key(b"cipher text", keys(Role::Client), false, at(now)),
                Event::HandshakeComplete(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(up_got == up && down_got[greeting..] == down[..]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_arrives_once_and_in_order_on_ten_thousand_networks(
        seed in 1u64..,
        weather in weather(),
        sizes in (0usize..500, 0usize..1_000),
        frame_size in 30usize..400,
        sealed in proptest::bool::weighted(0.2),
    ) {
        exchange(seed, weather, sizes, frame_size, sealed);
    }
}

#[test]
fn a_long_stream_arrives_over_a_bad_network() {
    let weather = Weather { loss: 20, repeated: 10, damaged: 20, delay: 100, broken: 300, paused: 300 };
    exchange(7, weather, (50_000, 400_000), SMALL_FRAME, false);
    exchange(8, weather, (50_000, 400_000), LARGE_FRAME, true);
}
