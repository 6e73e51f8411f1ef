//! What is found out about a node that is not connected: everything the service, and EC2 where it can be asked, say of it.

use super::{perform::trouble, queries::Asker};
use crate::{
    client::Error,
    console::state::fleet::why::{Answer, Findings},
    ssm::{self, DescribeActivationsFilterKeys},
};

fn answer<T>(result: Result<T, Error>) -> Answer<T> {
    match result {
        Ok(known) => Answer::Known(known),
        Err(error) => Answer::Failed(trouble(&error).what),
    }
}

impl Asker {
    /// Asks about a node by its id or its name. Each question that fails is an answer of its own.
    pub(super) async fn why(&self, called: &str, known: Option<String>) -> Findings {
        let mut findings =
            Findings { asked: called.to_owned(), endpoint: self.client.endpoint().to_owned(), ..Findings::default() };
        let is_id = called.starts_with("i-") || called.starts_with("mi-");
        findings.id = known.or_else(|| is_id.then(|| called.to_owned()));
        let ec2 = findings.id.as_deref().is_none_or(|id| id.starts_with("i-"));
        findings.instance = match (ec2, self.client.has_ec2()) {
            (false, _) => Answer::Unasked("it is no EC2 instance".to_owned()),
            (true, false) => Answer::Unasked("EC2 is not at this endpoint".to_owned()),
            (true, true) => answer(self.client.instance(findings.id.as_deref().unwrap_or(called)).await),
        };
        if let (None, Answer::Known(Some(instance))) = (&findings.id, &findings.instance) {
            findings.id = Some(instance.id.clone());
        }
        findings.listed = answer(self.listed(findings.id.as_deref(), called).await);
        if let (None, Answer::Known(Some(info))) = (&findings.id, &findings.listed) {
            findings.id.clone_from(&info.instance_id);
        }
        findings.connection = match &findings.id {
            Some(id) => answer(self.connection(id).await),
            None => Answer::Unasked("no node goes by this name".to_owned()),
        };
        let activation = match &findings.listed {
            Answer::Known(Some(info)) => info.activation_id.clone(),
            _ => None,
        };
        if let Some(id) = activation.filter(|id| !id.is_empty()) {
            findings.activation = answer(self.activation(id).await);
        }
        findings
    }

    async fn connection(&self, id: &str) -> Result<ssm::ConnectionStatus, Error> {
        let status = self.client.call(ssm::GetConnectionStatus { target: id.to_owned() }).await?.status;
        Ok(status.unwrap_or(ssm::ConnectionStatus::NotConnected))
    }

    async fn listed(&self, id: Option<&str>, called: &str) -> Result<Option<Box<ssm::InstanceInformation>>, Error> {
        let (key, value) = id.map_or(("tag:Name", called), |id| ("InstanceIds", id));
        let filter = ssm::InstanceInformationStringFilter { key: key.to_owned(), values: vec![value.to_owned()] };
        let list = ssm::DescribeInstanceInformation { filters: vec![filter], ..Default::default() };
        match self.client.call(list).await {
            Ok(answer) => Ok(answer.instance_information_list.into_iter().next().map(Box::new)),
            // Of an id that is not in the list, the service may say that it is none.
            Err(error) if error.code() == Some("InvalidInstanceId") => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn activation(&self, id: String) -> Result<Option<Box<ssm::Activation>>, Error> {
        let filter = ssm::DescribeActivationsFilter {
            filter_key: Some(DescribeActivationsFilterKeys::ActivationIds),
            filter_values: vec![id],
        };
        let list = ssm::DescribeActivations { filters: vec![filter], ..Default::default() };
        Ok(self.client.call(list).await?.activation_list.into_iter().next().map(Box::new))
    }
}
