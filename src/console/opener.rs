//! What opens links of the web: the user's own program, found in the environment.

use std::{io, path::Path, process::Stdio};

/// How a link is opened: commands, each a program and its words, of which the first that can be started is used. `%s` in a
/// word stands for the address; without one the address is the last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opener(Vec<Vec<String>>);

/// Why links are not opened here.
pub type Reason = &'static str;

impl Opener {
    /// The opener for this environment. `$BROWSER` wins, wherever one is; without it there must be a screen of the user's.
    ///
    /// # Errors
    /// The reason why there is none, as the end of a sentence.
    pub fn find(
        env: impl Fn(&str) -> Option<String>,
        is_program: impl Fn(&str) -> bool,
        macos: bool,
    ) -> Result<Self, Reason> {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let commands = set("BROWSER").unwrap_or_default();
        let commands = commands.split(':').map(|command| command.split_whitespace().map(str::to_owned).collect());
        let commands: Vec<Vec<String>> = commands.filter(|words: &Vec<String>| !words.is_empty()).collect();
        if !commands.is_empty() {
            return Ok(Self(commands));
        }
        let remote = set("SSH_CONNECTION").or(set("SSH_TTY")).is_some();
        let program = match macos {
            true if remote => return Err("fleetdeck runs at the far end of SSH, and $BROWSER names nothing"),
            true => "open",
            false => {
                // X11 that SSH carries shows its windows where the user is.
                if set("DISPLAY").or(set("WAYLAND_DISPLAY")).is_none() {
                    return Err(match remote {
                        true => "fleetdeck runs at the far end of SSH, and $BROWSER names nothing",
                        false => "there is no display here, and $BROWSER names nothing",
                    });
                }
                "xdg-open"
            }
        };
        match is_program(program) {
            true => Ok(Self(vec![vec![program.to_owned()]])),
            false => Err("xdg-open is not installed, and $BROWSER names nothing"),
        }
    }

    /// The opener for this process.
    ///
    /// # Errors
    /// As [`Opener::find`].
    pub fn here() -> Result<Self, Reason> {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let is_program = |name: &str| std::env::split_paths(&paths).any(|path| path.join(name).is_file());
        Self::find(|name| std::env::var(name).ok(), is_program, cfg!(target_os = "macos"))
    }

    /// The program's name, as the user knows it.
    pub fn name(&self) -> &str {
        let program = self.0.first().and_then(|words| words.first()).map_or("", String::as_str);
        Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or(program)
    }

    /// Starts it on an address, without our terminal and in a process group of its own: it outlives the console and hears
    /// none of its keys. No shell reads the address.
    ///
    /// # Errors
    /// When none of the commands can be started; the last one's reason.
    pub fn start(&self, address: &str) -> io::Result<tokio::process::Child> {
        let mut outcome = Err(io::ErrorKind::NotFound.into());
        for words in &self.0 {
            let words = filled(words, address);
            let mut command = tokio::process::Command::new(&words[0]);
            command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            #[cfg(unix)]
            command.process_group(0);
            outcome = command.spawn();
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}

/// The words of a command with the address in its place.
fn filled(words: &[String], address: &str) -> Vec<String> {
    let mut filled: Vec<_> = words.iter().map(|word| word.replace("%s", address)).collect();
    if !words.iter().any(|word| word.contains("%s")) {
        filled.push(address.to_owned());
    }
    filled
}

/// The address of a link as it is shown and opened: what RFC 3986 has no room for is written as percent signs.
///
/// # Errors
/// A sentence, if it is none of the web.
pub fn address(link: &str) -> Result<String, &'static str> {
    const REFUSED: &str =
        "This link has no plain address of the web (http or https), so it is neither opened nor copied.";
    let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://")).ok_or(REFUSED)?;
    if rest.is_empty() || host(link).is_empty() || !link.bytes().all(|byte| matches!(byte, 0x21..=0x7e)) {
        return Err(REFUSED);
    }
    let mut address = String::with_capacity(link.len());
    for c in link.chars() {
        match c {
            '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' => address.push_str(&format!("%{:02X}", u32::from(c))),
            c => address.push(c),
        }
    }
    Ok(address)
}

/// The host an address leads to, which what stands before an `@` may hide.
pub fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    rest[..end].rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(env: &[(&str, &str)], programs: &[&str], macos: bool) -> Result<Opener, Reason> {
        let of = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Opener::find(of, |name| programs.contains(&name), macos)
    }

    #[test]
    fn the_users_browser_wins_and_a_screen_is_needed_for_any_other() {
        let name = |env: &[(&str, &str)], macos| find(env, &["xdg-open", "open"], macos).map(|o| o.name().to_owned());
        let ssh = ("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22");
        assert_eq!(name(&[("BROWSER", "/usr/bin/firefox:lynx"), ssh], false).as_deref(), Ok("firefox"));
        assert_eq!(name(&[("DISPLAY", ":0"), ("BROWSER", " : ")], false).as_deref(), Ok("xdg-open"));
        assert_eq!(name(&[("WAYLAND_DISPLAY", "wayland-0")], false).as_deref(), Ok("xdg-open"));
        assert_eq!(name(&[("DISPLAY", "localhost:10.0"), ssh], false).as_deref(), Ok("xdg-open"));
        assert_eq!(name(&[], true).as_deref(), Ok("open"));
        assert!(name(&[ssh], true).unwrap_err().contains("SSH"));
        assert!(name(&[ssh, ("DISPLAY", "")], false).unwrap_err().contains("SSH"));
        assert!(name(&[], false).unwrap_err().contains("display"));
        assert!(find(&[("DISPLAY", ":0")], &[], false).unwrap_err().contains("xdg-open"));
    }

    #[test]
    fn the_address_is_one_word_wherever_it_stands() {
        let words = |command: &str| command.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let address = "https://a.example/?q='$(id)';x&y";
        assert_eq!(filled(&words("firefox --new-tab"), address), ["firefox", "--new-tab", address]);
        assert_eq!(filled(&words("say --url=%s now"), address), ["say", &format!("--url={address}"), "now"]);
    }

    #[test]
    fn only_addresses_of_the_web_are_opened() {
        for refused in
            ["file:///etc/passwd", "javascript:alert(1)", "-x", "http://", "https:///x", "https://u@/", "http://a b"]
        {
            assert!(address(refused).unwrap_err().contains("http"), "{refused}");
        }
        assert_eq!(
            address("https://a.example/<`x`>?a={b}|c").unwrap(),
            "https://a.example/%3C%60x%60%3E?a=%7Bb%7D%7Cc"
        );
        assert_eq!(address("http://a.example:80/%41?x=1&y=2#z").unwrap(), "http://a.example:80/%41?x=1&y=2#z");
        for (address, leads) in [
            ("https://bank.example@evil.example/bank.example", "evil.example"),
            ("https://evil.example?@bank.example", "evil.example"),
            ("https://a.example:8443#x", "a.example:8443"),
        ] {
            assert_eq!(host(address), leads);
        }
    }

    #[tokio::test]
    async fn a_program_is_started_and_one_that_is_not_there_is_passed_over() {
        let opener = find(&[("BROWSER", "/nowhere/browser:test -n")], &[], false).unwrap();
        assert!(opener.start("https://a.example/").unwrap().wait().await.unwrap().success());
        assert!(find(&[("BROWSER", "/nowhere/browser")], &[], false).unwrap().start("https://a.example/").is_err());
    }
}
