//! The regions of AWS, so that a profile can be looked at where no file of the user's says so. A region that is not here
//! can be typed all the same.

/// The partitions, each with the beginnings of its regions' names and the regions. A profile's credentials hold in one of them.
const PARTITIONS: &[(&[&str], &[&str])] = &[
    (&["cn-"], &["cn-north-1", "cn-northwest-1"]),
    (&["us-gov-"], &["us-gov-east-1", "us-gov-west-1"]),
    (&["eusc-"], &["eusc-de-east-1"]),
    (
        &[""],
        &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "mx-central-1",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    ),
];

/// The regions in which a profile can be looked at whose own region is this one, in the order of their names. Without one they are
/// those of the commercial partition.
pub fn beside(region: Option<&str>) -> &'static [&'static str] {
    let region = region.unwrap_or_default();
    let found = PARTITIONS.iter().find(|(beginnings, _)| beginnings.iter().any(|begin| region.starts_with(begin)));
    found.map_or(&[], |(_, regions)| regions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_looked_at_in_its_own_partition() {
        assert!(beside(None).contains(&"eu-central-1") && beside(Some("us-east-1")).contains(&"sa-east-1"));
        assert_eq!(beside(Some("cn-north-1")), ["cn-north-1", "cn-northwest-1"]);
        assert!(beside(Some("us-gov-west-1")).iter().all(|region| region.starts_with("us-gov-")));
        assert!(PARTITIONS.iter().all(|(_, regions)| regions.is_sorted()));
    }
}
