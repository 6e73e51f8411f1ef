//! What AWS's own files say: the names of profiles, their regions and how one signs in to them. Secrets are not looked at.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::context::FILES;

/// A profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// `region`.
    pub region: Option<String>,
    /// `role_arn`: the role that is assumed.
    pub role_arn: Option<String>,
    /// `source_profile`: whose credentials it is assumed with.
    pub source_profile: Option<String>,
    /// `role_session_name`.
    pub role_session_name: Option<String>,
    /// `external_id`: what the owner of the role wants to hear.
    pub external_id: Option<String>,
    /// `duration_seconds`: how long the session of the role lasts.
    pub duration_seconds: Option<String>,
    /// `mfa_serial`: the device whose code is asked for.
    pub mfa_serial: Option<String>,
    /// `sso_session`: the section that says where to sign in.
    pub sso_session: Option<String>,
    /// `sso_start_url`, of profiles that say it themselves.
    pub sso_start_url: Option<String>,
    /// `sso_region`, of profiles that say it themselves.
    pub sso_region: Option<String>,
    /// Whether it has an access key of its own. What that is, is not looked at.
    pub has_keys: bool,
}

/// Where one signs in for several profiles at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SsoSession {
    /// The name of the section; none where a profile says it itself, in the older way.
    pub name: Option<String>,
    /// `sso_start_url`.
    pub start_url: String,
    /// `sso_region`.
    pub region: String,
    /// `sso_registration_scopes`.
    pub scopes: Vec<String>,
}

impl SsoSession {
    /// What the token is kept under: those who share this sign in together.
    pub fn identifier(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.start_url)
    }
}

/// How one signs in for a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// By single sign-on, in a browser.
    Sso(SsoSession),
    /// With the code that a device shows.
    Code {
        /// The profile that wants it.
        name: String,
        /// What it says.
        profile: Box<Profile>,
    },
}

impl SignIn {
    /// What those share who sign in together.
    pub fn identifier(&self) -> &str {
        match self {
            Self::Sso(session) => session.identifier(),
            Self::Code { name, .. } => name,
        }
    }
}

/// AWS's files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsFiles {
    profiles: BTreeMap<String, Profile>,
    sessions: BTreeMap<String, SsoSession>,
}

impl AwsFiles {
    /// Reads the text of the config file and of the credentials file. What makes no sense is passed over, as AWS's tools do.
    pub fn parse(config: &str, credentials: &str) -> Self {
        let mut files = Self::default();
        for (section, entries) in sections(config) {
            match section.split_once(char::is_whitespace) {
                None if section == "default" => files.profile(section, &entries),
                Some(("profile", name)) => files.profile(name.trim(), &entries),
                Some(("sso-session", name)) => files.session(name.trim(), &entries),
                _ => {}
            }
        }
        for (name, entries) in sections(credentials) {
            files.profile(name, &entries);
        }
        files
    }

    /// Reads the files where the environment says, or at their usual places below the home directory.
    pub fn read(variable: impl Fn(&str) -> Option<OsString>, home: Option<&Path>) -> Self {
        let text = |name: &str| {
            let (variable_name, usual) = FILES.iter().find(|(known, _)| *known == name)?;
            let named = variable(variable_name).filter(|value| !value.is_empty()).map(PathBuf::from);
            std::fs::read_to_string(named.or_else(|| Some(home?.join(usual)))?).ok()
        };
        let text = |name: &str| text(name).unwrap_or_default();
        Self::parse(&text("AWS_CONFIG_FILE"), &text("AWS_SHARED_CREDENTIALS_FILE"))
    }

    fn profile(&mut self, name: &str, entries: &BTreeMap<&str, &str>) {
        let profile = self.profiles.entry(name.to_owned()).or_default();
        profile.has_keys |= entries.contains_key("aws_access_key_id");
        for (key, member) in [
            ("region", &mut profile.region),
            ("role_arn", &mut profile.role_arn),
            ("source_profile", &mut profile.source_profile),
            ("role_session_name", &mut profile.role_session_name),
            ("external_id", &mut profile.external_id),
            ("duration_seconds", &mut profile.duration_seconds),
            ("mfa_serial", &mut profile.mfa_serial),
            ("sso_session", &mut profile.sso_session),
            ("sso_start_url", &mut profile.sso_start_url),
            ("sso_region", &mut profile.sso_region),
        ] {
            if let Some(value) = entries.get(key).filter(|value| !value.is_empty()) {
                *member = Some((*value).to_owned());
            }
        }
    }

    fn session(&mut self, name: &str, entries: &BTreeMap<&str, &str>) {
        let entry = |key: &str| entries.get(key).map(|value| (*value).to_owned()).unwrap_or_default();
        let scopes = entry("sso_registration_scopes");
        let scopes = scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned);
        let session = SsoSession {
            name: Some(name.to_owned()),
            start_url: entry("sso_start_url"),
            region: entry("sso_region"),
            scopes: scopes.collect(),
        };
        self.sessions.insert(name.to_owned(), session);
    }

    /// Every profile by name.
    pub fn profiles(&self) -> &BTreeMap<String, Profile> {
        &self.profiles
    }

    /// Every region that some profile names.
    pub fn regions(&self) -> BTreeSet<&str> {
        self.profiles.values().filter_map(|profile| profile.region.as_deref()).collect()
    }

    /// How one signs in for a profile, where that is for a person to do.
    pub fn sign_in(&self, name: &str) -> Option<SignIn> {
        let profile = self.profiles.get(name)?;
        match profile.mfa_serial {
            Some(_) => Some(SignIn::Code { name: name.to_owned(), profile: Box::new(profile.clone()) }),
            None => self.sso(name).map(SignIn::Sso),
        }
    }

    /// Whether a profile's credentials are keys in a file: its own, or those of the profile whose credentials it uses.
    pub fn has_keys(&self, profile: &str) -> bool {
        let mut at = self.profiles.get(profile);
        for _ in 0..self.profiles.len() {
            match at {
                Some(profile) if profile.has_keys => return true,
                Some(profile) => at = profile.source_profile.as_ref().and_then(|name| self.profiles.get(name)),
                None => break,
            }
        }
        false
    }

    /// Where one signs in for a profile, if it is by single sign-on: its own or that of the profile whose credentials it uses.
    pub fn sso(&self, profile: &str) -> Option<SsoSession> {
        let mut profile = self.profiles.get(profile)?;
        // Profiles can name each other in a ring.
        for _ in 0..self.profiles.len() {
            if let Some(name) = &profile.sso_session {
                return self.sessions.get(name).cloned();
            }
            if let (Some(start_url), Some(region)) = (&profile.sso_start_url, &profile.sso_region) {
                let (start_url, region) = (start_url.clone(), region.clone());
                return Some(SsoSession { name: None, start_url, region, scopes: Vec::new() });
            }
            profile = self.profiles.get(profile.source_profile.as_ref()?)?;
        }
        None
    }
}

/// The sections of a file with their entries. Nested entries, which stand further to the right, are passed over.
fn sections(text: &str) -> Vec<(&str, BTreeMap<&str, &str>)> {
    let mut sections: Vec<(&str, BTreeMap<&str, &str>)> = Vec::new();
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name.trim()) {
            sections.push((name, BTreeMap::new()));
        } else if let (Some((_, entries)), Some((key, value))) = (sections.last_mut(), line.split_once('='))
            && !line.starts_with(char::is_whitespace)
        {
            let value = value.trim();
            // A comment at the end of a line begins behind white space.
            let end = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| value.find(mark)).min();
            entries.insert(key.trim(), value[..end.unwrap_or(value.len())].trim_end());
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
[default]
region = eu-west-1

# the production account
[profile prod]
sso_session = corp
sso_account_id = 123456789012
region=us-east-1 # far away
s3 =
  region = nowhere
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
sso_registration_scopes = sso:account:access, other
[profile ops]
role_arn = arn:aws:iam::123456789012:role/ops
source_profile = prod
mfa_serial = arn:aws:iam::123456789012:mfa/ann
external_id = a=b # theirs
duration_seconds = 43200
[profile ring]
source_profile = ring
[profile old]
sso_start_url = https://old.awsapps.com/start
sso_region = us-west-2
[plugins]
x = y
";

    #[test]
    fn names_regions_and_ways_to_sign_in_are_read() {
        let files = AwsFiles::parse(CONFIG, "[keys]\naws_access_key_id = AKIA\naws_secret_access_key = s\n");
        let names: Vec<_> = files.profiles().keys().map(String::as_str).collect();
        assert_eq!(names, ["default", "keys", "old", "ops", "prod", "ring"]);
        assert_eq!(files.regions().into_iter().collect::<Vec<_>>(), ["eu-west-1", "us-east-1"]);
        let corp = files.sso("ops").unwrap();
        assert_eq!((corp.name.as_deref(), corp.region.as_str()), (Some("corp"), "eu-central-1"));
        assert_eq!(corp.scopes, ["sso:account:access", "other"]);
        assert_eq!(files.sso("old").unwrap().start_url, "https://old.awsapps.com/start");
        assert_eq!((files.sso("default"), files.sso("ring"), files.sso("nobody")), (None, None, None));
        let ops = &files.profiles()["ops"];
        assert!(ops.mfa_serial.is_some());
        assert_eq!((ops.external_id.as_deref(), ops.duration_seconds.as_deref()), (Some("a=b"), Some("43200")));
    }

    #[test]
    fn any_text_is_read_without_a_panic() {
        for text in ["[", "]", "[]", "a=b", "[profile", "[profile ]\n=\n", "[é] \u{85}x = \u{2028} #\n"] {
            AwsFiles::parse(text, text);
        }
    }
}
