//! Ids and secrets from the system's randomness.

use aws_lc_rs::rand;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{ssm::ApiError, wire::digest::hex};

/// `N` random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N], ApiError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| ApiError::internal("The system has no randomness to give."))?;
    Ok(bytes)
}

/// 17 hexadecimal digits, as in `mi-0123456789abcdef0`.
pub fn hex17() -> Result<String, ApiError> {
    let mut text = hex(&bytes::<9>()?);
    text.truncate(17);
    Ok(text)
}

/// A secret of 32 bytes in 43 characters that need no escaping anywhere.
pub fn secret() -> Result<String, ApiError> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes::<32>()?))
}

/// `count` letters and digits as access key ids have them.
pub fn key_letters(count: usize) -> Result<String, ApiError> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let noise = bytes::<64>()?;
    Ok(noise.iter().take(count).map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect())
}

/// A UUID of version 4.
pub fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
