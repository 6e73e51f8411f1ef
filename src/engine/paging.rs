//! Paging tokens: opaque, good for one operation with one set of filters, refused when they are not ours.

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::ssm::{ApiError, Operation};

const TAG: usize = 16;

/// Makes and reads the tokens of one engine. They outlive a restart.
#[derive(Debug)]
pub struct Tokens(hmac::Key);

impl Tokens {
    /// Tokens under a key.
    pub fn new(key: [u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// The token that continues `request` behind `cursor`.
    pub fn issue<O: Operation>(&self, request: &O, cursor: &impl Serialize) -> Result<String, ApiError> {
        let cursor = serde_json::to_vec(cursor).map_err(|_| ApiError::internal("A page could not be continued."))?;
        let tag = hmac::sign(&self.0, &message(request, &cursor)?);
        Ok(BASE64_STANDARD_NO_PAD.encode([&tag.as_ref()[..TAG], &cursor].concat()))
    }

    /// Where `request` is to go on; `None` for a first page.
    ///
    /// Errors: `InvalidNextToken` for a token of another request or of nobody.
    pub fn resume<O: Operation, C: DeserializeOwned>(
        &self,
        request: &O,
        token: Option<&str>,
    ) -> Result<Option<C>, ApiError> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
        let invalid = || ApiError::new("InvalidNextToken", "The specified token isn't valid.");
        let bytes = BASE64_STANDARD_NO_PAD.decode(token).map_err(|_| invalid())?;
        let (tag, cursor) = bytes.split_at_checked(TAG).ok_or_else(invalid)?;
        let expected = hmac::sign(&self.0, &message(request, cursor)?);
        aws_lc_rs::constant_time::verify_slices_are_equal(&expected.as_ref()[..TAG], tag).map_err(|_| invalid())?;
        serde_json::from_slice(cursor).map(Some).map_err(|_| invalid())
    }
}

/// What binds a token: the operation and the request, but for the token itself and the size of the page, which a client
/// may change on the way.
fn message<O: Operation>(request: &O, cursor: &[u8]) -> Result<Vec<u8>, ApiError> {
    let mut value = serde_json::to_value(request).map_err(|_| ApiError::internal("A page could not be continued."))?;
    if let Value::Object(members) = &mut value {
        members.shift_remove("NextToken");
        members.shift_remove("MaxResults");
    }
    Ok([O::NAME.as_bytes(), b"\0", value.to_string().as_bytes(), b"\0", cursor].concat())
}

/// Cuts a list that was asked for with one entry too many, and gives the cursor of the next page if there is one.
pub fn cut<T, C>(items: &mut Vec<T>, limit: usize, cursor: impl FnOnce(&T) -> C) -> Option<C> {
    (items.len() > limit).then(|| {
        items.truncate(limit);
        items.last().map(cursor)
    })?
}

/// The size of a page: what was asked for, else the operation's default.
pub fn limit(max_results: Option<i32>, default: usize) -> usize {
    max_results.and_then(|asked| usize::try_from(asked).ok()).filter(|&asked| asked > 0).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssm::{DescribeActivations, DescribeParameters};

    #[test]
    fn a_token_fits_its_own_request_only() {
        let tokens = Tokens::new([7; 32]);
        let mut request = DescribeParameters { max_results: Some(3), ..Default::default() };
        let token = tokens.issue(&request, &("/a", 4)).unwrap();
        request.max_results = Some(9);
        request.next_token = Some(token.clone());
        assert_eq!(tokens.resume(&request, Some(&token)).unwrap(), Some(("/a".to_owned(), 4)));
        assert_eq!(tokens.resume::<_, String>(&request, None).unwrap(), None);
        request.shared = Some(true);
        let refused =
            |outcome: Result<Option<(String, i32)>, ApiError>| outcome.unwrap_err().code == "InvalidNextToken";
        assert!(refused(tokens.resume(&request, Some(&token))));
        assert!(refused(tokens.resume(&DescribeActivations::default(), Some(&token))));
        assert!(refused(tokens.resume(&request, Some("rubbish"))));
        assert!(refused(tokens.resume(&request, Some("%%%"))));
    }

    #[test]
    fn a_page_is_cut_only_when_there_is_more() {
        let mut items = vec![1, 2, 3];
        assert_eq!(cut(&mut items, 3, |&last| last), None);
        assert_eq!(cut(&mut items, 2, |&last| last), Some(2));
        assert_eq!(items, [1, 2]);
    }
}
