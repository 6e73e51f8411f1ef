//! Somebody between a client and the service, who passes everything on and refuses what they were told to refuse.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What is refused: an operation whose request holds a text, and the words of the refusal.
struct Refusal {
    operation: String,
    about: String,
    message: String,
}

/// The one between.
#[derive(Clone)]
pub struct Between {
    pub url: String,
    refusals: Arc<Mutex<Vec<Refusal>>>,
    refused: Arc<AtomicUsize>,
}

impl Between {
    /// Stands before the service at `url`.
    pub fn to(url: &str) -> Self {
        let service = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let between = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            refusals: Arc::default(),
            refused: Arc::default(),
        };
        let standing = between.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (standing, service) = (standing.clone(), service.clone());
                thread::spawn(move || standing.carry(client, &service));
            }
        });
        between
    }

    /// Refuses an operation whose request holds a text, as AWS does where a policy does not allow it.
    pub fn refuse(&self, operation: &str, about: &str, message: &str) {
        let [operation, about, message] = [operation, about, message].map(str::to_owned);
        self.refusals.lock().unwrap().push(Refusal { operation, about, message });
    }

    /// Requests that were refused so far.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    /// One connection: requests come one after the other, and answers pass as they are.
    fn carry(&self, mut client: TcpStream, service: &str) -> Option<()> {
        let mut upstream = TcpStream::connect(service).ok()?;
        let (mut answers, mut back) = (upstream.try_clone().ok()?, client.try_clone().ok()?);
        thread::spawn(move || {
            let _ = std::io::copy(&mut answers, &mut back);
            let _ = back.shutdown(std::net::Shutdown::Both);
        });
        while let Some((head, body)) = request(&mut client) {
            match self.refusal(&head, &body) {
                Some(answer) => client.write_all(answer.as_bytes()).ok()?,
                None => upstream.write_all(&[head.as_bytes(), &body].concat()).ok()?,
            }
            if header(&head, "upgrade").is_some() {
                let _ = std::io::copy(&mut client, &mut upstream);
                break;
            }
        }
        upstream.shutdown(std::net::Shutdown::Write).ok()
    }

    fn refusal(&self, head: &str, body: &[u8]) -> Option<String> {
        let target = header(head, "x-amz-target")?;
        let body = String::from_utf8_lossy(body);
        let refusals = self.refusals.lock().unwrap();
        let refusal = refusals
            .iter()
            .find(|refusal| target == format!("AmazonSSM.{}", refusal.operation) && body.contains(&refusal.about))?;
        self.refused.fetch_add(1, Ordering::SeqCst);
        let told = serde_json::json!({"__type": "AccessDeniedException", "Message": refusal.message}).to_string();
        Some(format!(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n{told}",
            told.len()
        ))
    }
}

/// The next request of a client: its head with the empty line, and its body.
fn request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    client.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
