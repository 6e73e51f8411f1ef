//! Encryption at rest: AES-256-GCM under a data key per value, wrapped by named keys that live beside the database.
//!
//! A key is a file `DIR/keys/<id>.json` with mode 0600. `alias/aws/ssm` is made on first start, others by `--key` and
//! through KMS. The database holds sealed bytes only, so a copy of it alone tells nothing.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine as _, prelude::*};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ACCOUNT, OpenError, datadir, random};
use crate::{
    ssm::{ApiError, Timestamp},
    wire::digest::hmac_sha256,
};

/// The key that seals a SecureString when the request names none.
pub const DEFAULT_KEY: &str = "alias/aws/ssm";

const FORMAT: u8 = 1;
const TAG_LEN: usize = 16;
const KEY_LEN: usize = 32;
const WRAPPED_LEN: usize = NONCE_LEN + KEY_LEN + TAG_LEN;
const HEADER_LEN: usize = 1 + 16 + WRAPPED_LEN + NONCE_LEN;
/// How much longer a sealed value is than the plain one.
pub const OVERHEAD: usize = HEADER_LEN + TAG_LEN;

/// The engine's named keys.
pub struct Keyring {
    directory: PathBuf,
    ring: RwLock<Ring>,
    root: [u8; KEY_LEN],
}

#[derive(Default)]
struct Ring {
    keys: BTreeMap<Uuid, Arc<Key>>,
    aliases: BTreeMap<String, Uuid>,
}

struct Key {
    wrapping: RandomizedNonceKey,
    facts: KeyFacts,
}

/// What may be told of a key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyFacts {
    /// Its id.
    pub id: Uuid,
    /// What it is for, in its owner's words.
    pub description: String,
    /// When it was made; the epoch for keys of the first versions, which did not note it.
    pub created: Timestamp,
    /// Whether the engine made it for itself.
    pub is_own: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyFile {
    key_id: Uuid,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    alias: String,
    /// Further aliases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default)]
    created: Timestamp,
    /// Base64 of 32 bytes.
    material: String,
}

impl Keyring {
    /// Reads the keys, making the default one and the `wanted` ones that are missing.
    pub fn open(directory: &Path, wanted: &[String], now: Timestamp) -> Result<Self, OpenError> {
        let mut ring = Self { directory: directory.to_owned(), ring: RwLock::default(), root: [0; KEY_LEN] };
        let io_error = |error| OpenError::Io { path: directory.to_owned(), error };
        for entry in fs::read_dir(directory).map_err(io_error)? {
            let path = entry.map_err(io_error)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let file = read_key(&path)?;
                ring.take(&file).ok_or_else(|| OpenError::Key(path.clone()))?;
            }
        }
        for alias in wanted.iter().map(String::as_str).chain([DEFAULT_KEY]) {
            if !ring.read().aliases.contains_key(alias) {
                if !is_alias(alias) {
                    return Err(OpenError::KeyName(alias.to_owned()));
                }
                ring.make(Some(alias), "", now)?;
            }
        }
        let default = ring.read().aliases.get(DEFAULT_KEY).copied();
        if let Some(id) = default {
            let path = ring.path(id);
            ring.root = material(&read_key(&path)?).ok_or(OpenError::Key(path))?;
        }
        Ok(ring)
    }

    /// Makes a key, on the disk first.
    pub fn make(&self, alias: Option<&str>, description: &str, now: Timestamp) -> Result<KeyFacts, OpenError> {
        let key_id = Uuid::new_v4();
        let path = self.path(key_id);
        let failed = |error: ApiError| OpenError::Io { path: path.clone(), error: io::Error::other(error.to_string()) };
        let material = random::bytes::<KEY_LEN>().map_err(failed)?;
        let file = KeyFile {
            key_id,
            alias: alias.unwrap_or_default().to_owned(),
            aliases: Vec::new(),
            description: description.to_owned(),
            created: now,
            material: BASE64_STANDARD.encode(material),
        };
        write_key(&path, &file)?;
        self.take(&file).ok_or_else(|| OpenError::Key(path.clone()))
    }

    /// Gives a key a further alias. `false` if the alias is another key's already.
    pub fn name(&self, id: Uuid, alias: &str) -> Result<bool, OpenError> {
        // Held while the file is written, so that no two requests give one name to two keys.
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if ring.aliases.contains_key(alias) {
            return Ok(false);
        }
        let path = self.path(id);
        let mut file = read_key(&path)?;
        file.aliases.push(alias.to_owned());
        write_key(&path, &file)?;
        ring.aliases.insert(alias.to_owned(), id);
        Ok(true)
    }

    /// The keys behind `after` in the order of their ids.
    pub fn keys(&self, after: Option<Uuid>) -> Vec<KeyFacts> {
        let behind = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.read().keys.range((behind, Bound::Unbounded)).map(|(_, key)| key.facts.clone()).collect()
    }

    /// The aliases and their keys, in the order of their names.
    pub fn aliases(&self) -> Vec<(String, KeyFacts)> {
        let ring = self.read();
        let facts = |id: &Uuid| ring.keys.get(id).map(|key| key.facts.clone());
        ring.aliases.iter().filter_map(|(alias, id)| Some((alias.clone(), facts(id)?))).collect()
    }

    /// What may be told of a key.
    pub fn facts(&self, id: Uuid) -> Option<KeyFacts> {
        self.key(id).map(|key| key.facts.clone())
    }

    fn path(&self, id: Uuid) -> PathBuf {
        self.directory.join(format!("{id}.json"))
    }

    fn read(&self) -> RwLockReadGuard<'_, Ring> {
        // A writer that panicked has changed nothing: inserting is the last thing it does.
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, id: Uuid) -> Option<Arc<Key>> {
        self.read().keys.get(&id).cloned()
    }

    fn take(&self, file: &KeyFile) -> Option<KeyFacts> {
        let material = material(file)?;
        let facts = KeyFacts {
            id: file.key_id,
            description: file.description.clone(),
            created: file.created,
            is_own: file.alias.starts_with("alias/aws/"),
        };
        let wrapping = RandomizedNonceKey::new(&AES_256_GCM, &material).ok()?;
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.keys.insert(file.key_id, Arc::new(Key { wrapping, facts: facts.clone() }));
        for alias in std::iter::once(&file.alias).chain(&file.aliases).filter(|alias| !alias.is_empty()) {
            ring.aliases.insert(alias.clone(), file.key_id);
        }
        Some(facts)
    }

    /// A key for one purpose of the engine's own, derived from the default key. It is the same after a restart.
    pub fn derive(&self, purpose: &str) -> [u8; KEY_LEN] {
        let mut key = [0; KEY_LEN];
        key.copy_from_slice(hmac_sha256(&self.root, purpose.as_bytes()).as_ref());
        key
    }

    /// Finds a key by id, alias or ARN of either.
    ///
    /// Errors: `InvalidKeyId`.
    pub fn resolve(&self, name: &str) -> Result<Uuid, ApiError> {
        let bare = match name.strip_prefix("arn:aws:kms:") {
            Some(arn) => {
                let resource = arn.splitn(3, ':').collect::<Vec<_>>();
                match resource.as_slice() {
                    [_, account, resource] if *account == ACCOUNT => resource.strip_prefix("key/").unwrap_or(resource),
                    _ => name,
                }
            }
            None => name,
        };
        let ring = self.read();
        let by_id = || Uuid::parse_str(bare).ok().filter(|id| ring.keys.contains_key(id));
        ring.aliases.get(bare).copied().or_else(by_id).ok_or_else(|| {
            ApiError::new("InvalidKeyId", format!("Invalid keyId '{name}'")) // AWS says no more either
        })
    }

    /// Seals a value for what `context` names.
    pub fn seal(&self, key: Uuid, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, ApiError> {
        let failed = || ApiError::internal("The value could not be encrypted.");
        let wrapping = &self.key(key).ok_or_else(failed)?.wrapping;
        let data_key = random::bytes::<KEY_LEN>()?;
        let mut sealed = Vec::with_capacity(HEADER_LEN + plain.len() + TAG_LEN);
        sealed.push(FORMAT);
        sealed.extend_from_slice(key.as_bytes());
        let mut wrapped = data_key.to_vec();
        let nonce = wrapping.seal_in_place_append_tag(Aad::from(context), &mut wrapped).map_err(|_| failed())?;
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&wrapped);
        let mut body = plain.to_vec();
        let data_key = RandomizedNonceKey::new(&AES_256_GCM, &data_key).map_err(|_| failed())?;
        let nonce = data_key.seal_in_place_append_tag(Aad::from(context), &mut body).map_err(|_| failed())?;
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens what [`Keyring::seal`] sealed for the same context.
    ///
    /// Errors: `InvalidKeyId` when the key is gone or the bytes are not what was sealed.
    pub fn open_value(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, ApiError> {
        self.try_open(context, sealed).ok_or_else(|| {
            ApiError::new("InvalidKeyId", "The value cannot be decrypted: its key is not in the keyring.")
        })
    }

    /// The key that sealed a value, if it is in the ring.
    pub fn key_of(&self, sealed: &[u8]) -> Option<Uuid> {
        let id = sealed.get(1..17).filter(|_| sealed.first() == Some(&FORMAT))?;
        Uuid::from_slice(id).ok().filter(|id| self.read().keys.contains_key(id))
    }

    fn try_open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (header, body) = sealed.split_at_checked(HEADER_LEN)?;
        let (&format, header) = header.split_first()?;
        let (id, header) = header.split_at_checked(16)?;
        let (wrapped, nonce) = header.split_at_checked(WRAPPED_LEN)?;
        let (wrap_nonce, wrapped) = wrapped.split_at_checked(NONCE_LEN)?;
        let key = self.key(Uuid::from_slice(id).ok()?).filter(|_| format == FORMAT)?;
        let data_key = unseal(&key.wrapping, wrap_nonce, context, wrapped)?;
        unseal(&RandomizedNonceKey::new(&AES_256_GCM, &data_key).ok()?, nonce, context, body)
    }

    /// Seals a small record under a key of the engine's own, as text that needs no escaping.
    pub fn seal_for(&self, purpose: &str, context: &[u8], mut plain: Vec<u8>) -> Result<String, ApiError> {
        let failed = |_| ApiError::internal("A record could not be encrypted.");
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.derive(purpose)).map_err(failed)?;
        let nonce = key.seal_in_place_append_tag(Aad::from(context), &mut plain).map_err(failed)?;
        Ok(BASE64_STANDARD.encode([nonce.as_ref().as_slice(), &plain].concat()))
    }

    /// Opens such a record; `None` if it is not one, or not for this context.
    pub fn open_for(&self, purpose: &str, context: &[u8], sealed: &str) -> Option<Vec<u8>> {
        let sealed = BASE64_STANDARD.decode(sealed).ok()?;
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        unseal(&RandomizedNonceKey::new(&AES_256_GCM, &self.derive(purpose)).ok()?, nonce, context, body)
    }
}

/// Whether a text is `alias/` and a name.
pub fn is_alias(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte);
    text.strip_prefix("alias/").is_some_and(|name| !name.is_empty() && name.bytes().all(allowed))
}

fn read_key(path: &Path) -> Result<KeyFile, OpenError> {
    serde_json::from_str(&datadir::read_private(path)?).map_err(|_| OpenError::Key(path.to_owned()))
}

fn write_key(path: &Path, file: &KeyFile) -> Result<(), OpenError> {
    let text = serde_json::to_vec_pretty(file)
        .map_err(|error| OpenError::Io { path: path.to_owned(), error: io::Error::other(error) })?;
    datadir::write_private(path, &text)
}

fn material(file: &KeyFile) -> Option<[u8; KEY_LEN]> {
    BASE64_STANDARD.decode(&file.material).ok()?.try_into().ok()
}

fn unseal(key: &RandomizedNonceKey, nonce: &[u8], context: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut body = body.to_vec();
    let length = key.open_in_place(nonce, Aad::from(context), &mut body).ok()?.len();
    body.truncate(length);
    Some(body)
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.read().aliases.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_for_its_own_context_alone() {
        let home = tempfile::tempdir().unwrap();
        let ring = Keyring::open(home.path(), &["alias/app".to_owned()], Timestamp::default()).unwrap();
        let key = ring.resolve("alias/app").unwrap();
        let sealed = ring.seal(key, b"/db/password\x001", b"hunter2").unwrap();
        assert!(!sealed.windows(7).any(|bytes| bytes == b"hunter2"));
        assert_eq!(ring.open_value(b"/db/password\x001", &sealed).unwrap(), b"hunter2");
        assert!(ring.open_value(b"/db/password\x002", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(ring.open_value(b"/db/password\x001", &damaged).is_err(), "{at}");
            assert!(ring.open_value(b"/db/password\x001", &sealed[..at]).is_err(), "{at}");
        }
    }

    #[test]
    fn keys_are_the_same_after_a_restart_and_found_by_every_name() {
        let home = tempfile::tempdir().unwrap();
        let first = Keyring::open(home.path(), &[], Timestamp::default()).unwrap();
        let second = Keyring::open(home.path(), &[], Timestamp::default()).unwrap();
        assert_eq!(first.derive("x"), second.derive("x"));
        let id = first.resolve(DEFAULT_KEY).unwrap();
        for name in [
            id.to_string(),
            format!("arn:aws:kms:us-east-1:123456789012:key/{id}"),
            "arn:aws:kms:us-east-1:123456789012:alias/aws/ssm".to_owned(),
        ] {
            assert_eq!(second.resolve(&name).unwrap(), id, "{name}");
        }
        first.name(id, "alias/more").unwrap();
        assert!(!first.name(id, "alias/more").unwrap(), "a name is given once");
        let made = first.make(None, "logs", Timestamp::from_millis(5)).unwrap();
        let third = Keyring::open(home.path(), &[], Timestamp::default()).unwrap();
        assert_eq!(third.resolve("alias/more").unwrap(), id);
        assert_eq!(third.facts(made.id).unwrap(), made);
        assert_eq!(first.resolve("alias/other").unwrap_err().code, "InvalidKeyId");
        assert!(matches!(
            Keyring::open(home.path(), &["app".into()], Timestamp::default()),
            Err(OpenError::KeyName(_))
        ));
    }
}
