//! Programs that give out credentials (`credential_process` of AWS's files), away from the terminal of whoever draws on it.
//!
//! The SDK starts such a program in our session, where its prompt is painted over the screen and takes the keys that are
//! meant for us. Nothing there can be set, so that the files are given to it with another command in them.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

#[allow(deprecated)] // the new names of these types live in a crate that nothing else needs
use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};

const KEY: &str = "credential_process";

/// AWS's files as the SDK is to read them: each helper is started by the words of `apart`, without input. `None` where no
/// helper stands in them. `file` is the credentials file that counts alone.
#[allow(deprecated)]
pub(super) fn files(file: Option<&Path>, apart: &[OsString]) -> Option<ProfileFiles> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = etcetera::home_dir().ok();
    let standard = |name: &str, file: &str| match variable(name) {
        Some(named) => Some(at_home(named, home.as_deref())),
        None => Some(home.as_ref()?.join(".aws").join(file)),
    };
    let read: Vec<_> = match file {
        Some(file) => vec![(ProfileFileKind::Credentials, Some(file.to_owned()))],
        None => vec![
            (ProfileFileKind::Config, standard("AWS_CONFIG_FILE", "config")),
            (ProfileFileKind::Credentials, standard("AWS_SHARED_CREDENTIALS_FILE", "credentials")),
        ],
    };
    let (mut files, mut found) = (ProfileFiles::builder(), false);
    for (kind, file) in read {
        // What is not there or cannot be read, the SDK has its own words for.
        let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        let changed = without_terminal(&text, apart);
        found |= changed.is_some();
        files = files.with_contents(kind, changed.unwrap_or(text));
    }
    found.then(|| files.build())
}

/// A path whose first part is `~` for the user's home, as the SDK takes it: no shell has looked at it.
fn at_home(path: PathBuf, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

/// A file of AWS's with each helper started by the words of `apart`; `None` without a helper.
fn without_terminal(text: &str, apart: &[OsString]) -> Option<String> {
    let apart: Vec<_> = apart.iter().map(|word| word.to_str().map(quoted)).collect::<Option<_>>()?;
    let mut found = false;
    let lines = text.lines().map(|line| match command(line).filter(|_| !apart.is_empty()) {
        Some(command) => {
            found = true;
            format!("{KEY} = {} sh -c {} </dev/null", apart.join(" "), quoted(command))
        }
        None => line.to_owned(),
    });
    let lines: Vec<_> = lines.collect();
    found.then(|| lines.join("\n"))
}

/// The command of a line that names a helper, as the SDK would take it.
fn command(line: &str) -> Option<&str> {
    let (key, value) = line.split_once('=')?;
    let indented = key.starts_with([' ', '\t']);
    let comment = [" #", " ;", "\t#", "\t;"].iter().filter_map(|sign| value.find(sign)).min();
    let value = value[..comment.unwrap_or(value.len())].trim();
    (!indented && key.trim().eq_ignore_ascii_case(KEY) && !value.is_empty()).then_some(value)
}

/// A word as a shell takes it for one.
fn quoted(word: impl AsRef<OsStr>) -> String {
    format!("'{}'", word.as_ref().to_string_lossy().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_helper_is_started_by_other_words_and_nothing_else_is_touched() {
        let apart = ["/opt/fleet deck".into(), "apart".into(), "--".into()];
        let text = "[profile a]\nregion = eu-west-1\nCredential_Process=op get 'my key' | jq . # by hand\n\
                    # credential_process = no\n[profile b]\ns3 =\n  credential_process = no\n";
        let told = without_terminal(text, &apart).unwrap();
        let line =
            r"credential_process = '/opt/fleet deck' 'apart' '--' sh -c 'op get '\''my key'\'' | jq .' </dev/null";
        let expected = text.replace("Credential_Process=op get 'my key' | jq . # by hand", line);
        assert_eq!(told, expected.trim_end());
        assert_eq!(without_terminal("[default]\nregion = x\n", &apart), None);
        assert_eq!(without_terminal(text, &[]), None);
    }

    #[test]
    fn files_are_looked_for_where_the_sdk_looks_for_them() {
        for (named, meant) in [("~/aws/config", "/home/ann/aws/config"), ("/etc/aws", "/etc/aws"), ("~ann/c", "~ann/c")]
        {
            assert_eq!(at_home(named.into(), Some(Path::new("/home/ann"))), Path::new(meant));
        }
        assert_eq!(at_home("~/c".into(), None), Path::new("~/c"));
    }
}
