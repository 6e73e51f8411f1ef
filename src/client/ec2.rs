//! What EC2 knows of an instance: asked where the endpoint is AWS's own, or where one for EC2 was named.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{
    Client, Error,
    caller::{decode_xml_error, element},
    transport::Call,
};
use crate::ssm::Tag;

/// An instance, from `ec2:DescribeInstances` and `ec2:DescribeInstanceStatus`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// `i-…`.
    pub id: String,
    /// `running`, `stopped`…
    pub state: String,
    /// The ARN of its instance profile.
    pub profile: Option<String>,
    /// Why it left its last state, if EC2 says.
    pub reason: Option<String>,
    /// The check of the machine below it: `ok`, `impaired`… Empty where it is not checked.
    pub system: String,
    /// The check of the instance itself.
    pub instance: String,
}

impl Client {
    /// Whether EC2 can be asked: not at an endpoint that serves Systems Manager alone.
    pub fn has_ec2(&self) -> bool {
        self.is_aws() || self.0.endpoint.has_named("ec2")
    }

    /// An instance by its id, or else by its tag `Name`. `None`: there is none in this account and region.
    ///
    /// # Errors
    /// Those of `ec2:DescribeInstances`. That its status may not be read is no error.
    pub async fn instance(&self, called: &str) -> Result<Option<Instance>, Error> {
        let by_id = called.starts_with("i-");
        let which = match by_id {
            true => vec![("InstanceId.1".to_owned(), called.to_owned())],
            false => vec![
                ("Filter.1.Name".to_owned(), "tag:Name".to_owned()),
                ("Filter.1.Value.1".to_owned(), called.to_owned()),
            ],
        };
        let answer = match self.ec2("DescribeInstances", &which).await {
            Err(error) if error.code().is_some_and(|code| code.starts_with("InvalidInstanceID")) => return Ok(None),
            answer => answer?,
        };
        let Some(mut instance) = decode(&answer) else { return Ok(None) };
        let which = [("InstanceId.1".to_owned(), instance.id.clone())];
        if let Ok(status) = self.ec2("DescribeInstanceStatus", &which).await {
            (instance.system, instance.instance) = decode_status(&status);
        }
        Ok(Some(instance))
    }

    /// The tags of instances, with `ec2:DescribeTags`: Systems Manager keeps none of its own for them. An instance without
    /// any is not among the answers; where EC2 cannot be asked, none is. At most 200 ids.
    ///
    /// # Errors
    /// Those of `ec2:DescribeTags`.
    pub async fn instance_tags(&self, ids: &[String]) -> Result<HashMap<String, Vec<Tag>>, Error> {
        let mut tags: HashMap<String, Vec<Tag>> = HashMap::new();
        if ids.is_empty() || !self.has_ec2() {
            return Ok(tags);
        }
        let (mut next, mut before) = (None, None);
        loop {
            let filter = [("Filter.1.Name".to_owned(), "resource-id".to_owned())];
            let values = ids.iter().enumerate().map(|(at, id)| (format!("Filter.1.Value.{}", at + 1), id.clone()));
            let page = next.take().map(|token: String| ("NextToken".to_owned(), token));
            let asked: Vec<_> = filter.into_iter().chain(values).chain(page).collect();
            let answer = self.ec2("DescribeTags", &asked).await?;
            for (id, tag) in decode_tags(&answer) {
                tags.entry(id).or_default().push(tag);
            }
            let token = element(&answer, "nextToken").filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(tags);
            }
            if token == before {
                return Err(Error::Protocol("DescribeTags answers with the same NextToken again and again".to_owned()));
            }
            (next, before) = (token.clone(), token);
        }
    }

    async fn ec2(&self, action: &'static str, parameters: &[(String, String)]) -> Result<String, Error> {
        let answer = self.0.transport.send(Call::ec2(&self.0.endpoint, action, parameters)?).await?;
        match (200..300).contains(&answer.status) {
            true => Ok(String::from_utf8_lossy(&answer.body).into_owned()),
            false => Err(Error::Api(decode_xml_error(answer.status, &answer.body))),
        }
    }
}

fn decode(xml: &str) -> Option<Instance> {
    let within = |outer: &str, inner: &str| element(xml, outer).and_then(|outer| element(&outer, inner));
    Some(Instance {
        id: element(xml, "instanceId")?,
        state: within("instanceState", "name").unwrap_or_default(),
        profile: within("iamInstanceProfile", "arn"),
        reason: within("stateReason", "message"),
        system: String::new(),
        instance: String::new(),
    })
}

fn decode_tags(xml: &str) -> impl Iterator<Item = (String, Tag)> {
    xml.split("<item>").skip(1).filter_map(|item| {
        let tag = Tag { key: element(item, "key")?, value: element(item, "value").unwrap_or_default() };
        Some((element(item, "resourceId")?, tag))
    })
}

fn decode_status(xml: &str) -> (String, String) {
    let status = |outer: &str| element(xml, outer).and_then(|outer| element(&outer, "status")).unwrap_or_default();
    (status("systemStatus"), status("instanceStatus"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_read() {
        let xml = "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-0a</instanceId>\
            <instanceState><code>80</code><name>stopped</name></instanceState><iamInstanceProfile>\
            <arn>arn:aws:iam::1:instance-profile/web</arn></iamInstanceProfile><stateReason><code>Client</code>\
            <message>User initiated</message></stateReason></item></instancesSet></item></reservationSet>\
            </DescribeInstancesResponse>";
        let instance = decode(xml).unwrap();
        assert_eq!((instance.id.as_str(), instance.state.as_str()), ("i-0a", "stopped"));
        assert_eq!(instance.profile.as_deref(), Some("arn:aws:iam::1:instance-profile/web"));
        assert_eq!(instance.reason.as_deref(), Some("User initiated"));
        assert_eq!(decode("<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"), None);
    }

    #[test]
    fn tags_are_read_by_instance() {
        let item = |id: &str, key: &str, value: &str| {
            format!(
                "<item><resourceId>{id}</resourceId><resourceType>instance</resourceType><key>{key}</key>{value}</item>"
            )
        };
        let (name, env) = (item("i-1", "Name", "<value>a &amp; b</value>"), item("i-1", "Env", "<value/>"));
        let xml = format!(
            "<DescribeTagsResponse><tagSet>{name}{env}{}</tagSet></DescribeTagsResponse>",
            item("i-2", "k", "<value>v</value>")
        );
        let tags: Vec<_> = decode_tags(&xml).map(|(id, tag)| (id, tag.key, tag.value)).collect();
        let expected = [("i-1", "Name", "a & b"), ("i-1", "Env", ""), ("i-2", "k", "v")];
        assert_eq!(tags, expected.map(|(id, key, value)| (id.to_owned(), key.to_owned(), value.to_owned())));
        assert_eq!(decode_tags("<DescribeTagsResponse><tagSet/></DescribeTagsResponse>").count(), 0);
    }

    #[test]
    fn its_checks_are_read() {
        let xml = "<instanceStatusSet><item><systemStatus><status>ok</status><details><item><status>passed</status>\
            </item></details></systemStatus><instanceStatus><status>impaired</status></instanceStatus></item>\
            </instanceStatusSet>";
        assert_eq!(decode_status(xml), ("ok".to_owned(), "impaired".to_owned()));
        assert_eq!(decode_status(""), Default::default());
    }
}
