//! The filters of `DescribeInstanceInformation` and `DescribeInstanceProperties`, in all their forms.

use crate::{
    engine::store::nodes::{Node, NodeTest},
    ssm::{
        ApiError, DescribeInstanceInformation, DescribeInstanceProperties, InstancePropertyFilterOperator, PingStatus,
        ResourceType, SourceType,
    },
};

/// What nodes must match: the part that the database finds by index, and the rest.
#[derive(Debug, Default)]
pub(super) struct Filters {
    pub tests: Vec<NodeTest>,
    pub filters: Vec<Filter>,
}

/// One condition on a node.
#[derive(Debug)]
pub(super) struct Filter {
    attribute: Attribute,
    operator: InstancePropertyFilterOperator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Attribute {
    Id,
    AgentVersion,
    PingStatus,
    PlatformType,
    Activation,
    Role,
    ResourceType,
    SourceType,
    /// Things that a node of this engine never has.
    None,
}

const ATTRIBUTES: &[(&str, Attribute)] = &[
    ("InstanceIds", Attribute::Id),
    ("AgentVersion", Attribute::AgentVersion),
    ("PingStatus", Attribute::PingStatus),
    ("PlatformTypes", Attribute::PlatformType),
    ("ActivationIds", Attribute::Activation),
    ("IamRole", Attribute::Role),
    ("ResourceType", Attribute::ResourceType),
    ("AssociationStatus", Attribute::None),
];

const INFORMATION_ONLY: &[(&str, Attribute)] = &[("SourceIds", Attribute::Id), ("SourceTypes", Attribute::SourceType)];
const PROPERTIES_ONLY: &[(&str, Attribute)] = &[("DocumentName", Attribute::None)];

impl Filters {
    /// Errors: `InvalidFilterKey`, `InvalidInstanceInformationFilterValue`, `ValidationException`.
    pub(super) fn of_information(request: &DescribeInstanceInformation) -> Result<Self, ApiError> {
        if !request.filters.is_empty() && !request.instance_information_filter_list.is_empty() {
            return Err(ApiError::validation("Use either Filters or InstanceInformationFilterList, not both."));
        }
        let old = request.instance_information_filter_list.iter().map(|f| (f.key.as_str(), &f.value_set));
        let new = request.filters.iter().map(|filter| (filter.key.as_str(), &filter.values));
        let all: Vec<_> = old.chain(new).collect();
        let tagged = all.iter().filter(|(key, _)| is_tag(key)).count();
        if tagged > 0 && tagged < all.len() {
            return Err(ApiError::new("InvalidFilterKey", "Tag filters can't be combined with other filters."));
        }
        let mut found = Self::default();
        for (key, values) in all {
            found.add(key, values, InstancePropertyFilterOperator::Equal, INFORMATION_ONLY, |message| {
                ApiError::new("InvalidInstanceInformationFilterValue", message)
            })?;
        }
        Ok(found)
    }

    /// Errors: `InvalidFilterKey`, `InvalidInstancePropertyFilterValue`, `ValidationException`.
    pub(super) fn of_properties(request: &DescribeInstanceProperties) -> Result<Self, ApiError> {
        if !request.filters_with_operator.is_empty() && !request.instance_property_filter_list.is_empty() {
            return Err(ApiError::validation(
                "Use either FiltersWithOperator or InstancePropertyFilterList, not both.",
            ));
        }
        let equal = InstancePropertyFilterOperator::Equal;
        let old = request.instance_property_filter_list.iter().map(|f| (f.key.as_str(), &f.value_set, equal.clone()));
        let new = request
            .filters_with_operator
            .iter()
            .map(|f| (f.key.as_str(), &f.values, f.operator.clone().unwrap_or(InstancePropertyFilterOperator::Equal)));
        let mut found = Self::default();
        for (key, values, operator) in old.chain(new) {
            found.add(key, values, operator, PROPERTIES_ONLY, |message| {
                ApiError::new("InvalidInstancePropertyFilterValue", message)
            })?;
        }
        Ok(found)
    }

    fn add(
        &mut self,
        key: &str,
        values: &[String],
        operator: InstancePropertyFilterOperator,
        more: &[(&str, Attribute)],
        invalid: impl Fn(String) -> ApiError,
    ) -> Result<(), ApiError> {
        if let Some(key) = key.strip_prefix("tag:") {
            self.tests.push(NodeTest::Tag { key: key.to_owned(), values: values.to_vec() });
            return Ok(());
        }
        if key == "tag-key" {
            self.tests.extend(values.iter().map(|key| NodeTest::Tag { key: key.clone(), values: Vec::new() }));
            return Ok(());
        }
        let attribute = ATTRIBUTES.iter().chain(more).find(|(name, _)| *name == key).map(|(_, attribute)| *attribute);
        let attribute = attribute.ok_or_else(|| {
            ApiError::new("InvalidFilterKey", format!("The following filter key is not valid: {key}."))
        })?;
        let known = |value: &String| match attribute {
            Attribute::PingStatus => PingStatus::ALL.iter().any(|status| status.as_str() == value),
            Attribute::PlatformType => ["Linux", "Windows", "MacOS"].contains(&value.as_str()),
            Attribute::ResourceType => ResourceType::ALL.iter().any(|kind| kind.as_str() == value),
            Attribute::SourceType => SourceType::ALL.iter().any(|kind| kind.as_str() == value),
            Attribute::Id => value.starts_with("mi-") || value.starts_with("i-"),
            _ => true,
        };
        if operator == InstancePropertyFilterOperator::Equal
            && let Some(wrong) = values.iter().find(|value| !known(value))
        {
            return Err(invalid(format!("{wrong} is not a value for the filter {key}.")));
        }
        match (attribute, &operator) {
            (Attribute::Id, InstancePropertyFilterOperator::Equal) => self.tests.push(NodeTest::Ids(values.to_vec())),
            _ => self.filters.push(Filter { attribute, operator, values: values.to_vec() }),
        }
        Ok(())
    }
}

impl Filter {
    /// Whether a node meets the condition. `status` is asked only if it matters.
    pub(super) fn matches(&self, node: &Node, status: impl FnOnce() -> PingStatus) -> bool {
        let status_text;
        let found = match self.attribute {
            Attribute::Id => Some(node.id.as_str()),
            Attribute::AgentVersion => node.agent_version.as_deref(),
            Attribute::PlatformType => node.platform_type.as_deref(),
            Attribute::Activation => Some(node.activation_id.as_str()),
            Attribute::Role => Some(node.iam_role.as_str()),
            Attribute::ResourceType => Some("ManagedInstance"),
            Attribute::SourceType => Some("AWS::SSM::ManagedInstance"),
            Attribute::None => None,
            Attribute::PingStatus => {
                status_text = status();
                Some(status_text.as_str())
            }
        };
        let Some(found) = found else { return self.operator == InstancePropertyFilterOperator::NotEqual };
        let any = |test: fn(&str, &str) -> bool| self.values.iter().any(|value| test(found, value));
        match self.operator {
            InstancePropertyFilterOperator::NotEqual => !any(|found, value| found == value),
            InstancePropertyFilterOperator::BeginWith => any(|found, value| found.starts_with(value)),
            InstancePropertyFilterOperator::LessThan => any(|found, value| version(found) < version(value)),
            InstancePropertyFilterOperator::GreaterThan => any(|found, value| version(found) > version(value)),
            _ => any(|found, value| found == value),
        }
    }
}

fn is_tag(key: &str) -> bool {
    key == "tag-key" || key.starts_with("tag:")
}

/// `3.10.0.0` is later than `3.9.0.0`; what is not a number compares as text behind the numbers.
fn version(text: &str) -> Vec<(u64, &str)> {
    text.split('.').map(|part| part.parse().map_or((u64::MAX, part), |number| (number, ""))).collect()
}
