//! Inventory: what nodes report about themselves.

use std::collections::BTreeMap;

use super::{Ctx, Router, paging, store::inventory::Entries};
use crate::ssm::{
    ApiError, GetInventory, GetInventoryOutput, InventoryFilter, InventoryItem, InventoryQueryOperatorType,
    InventoryResultEntity, InventoryResultItem, ListInventoryEntries, ListInventoryEntriesOutput, PutInventory,
    PutInventoryOutput,
};

const PAGE: usize = 50;
/// The type that `GetInventory` tells about when none is asked for.
const INSTANCE: &str = "AWS:InstanceInformation";

/// The operations of inventory.
pub(super) fn operations() -> Router {
    Router::default().handle(put).handle(get).handle(entries)
}

async fn put(ctx: Ctx, request: PutInventory) -> Result<PutInventoryOutput, ApiError> {
    ctx.engine.store.put_inventory(&request.instance_id, request.items).await?;
    Ok(PutInventoryOutput::default())
}

async fn entries(ctx: Ctx, request: ListInventoryEntries) -> Result<ListInventoryEntriesOutput, ApiError> {
    let from: usize = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?.unwrap_or(0);
    let limit = paging::limit(request.max_results, PAGE);
    let store = &ctx.engine.store;
    store.node(&request.instance_id).await?.ok_or_else(|| ApiError::bare("InvalidInstanceId"))?;
    let item = store.inventory_item(&request.instance_id, &request.type_name).await?;
    let (mut entries, schema_version, capture_time) = match item {
        Some(item) => (item.content, Some(item.schema_version), Some(item.capture_time)),
        None => Default::default(),
    };
    entries.retain(|entry| request.filters.iter().all(|filter| meets(filter, &filter.key, entry)));
    let more = entries.len() > from.saturating_add(limit);
    let entries: Entries = entries.into_iter().skip(from).take(limit).collect();
    let next_token = if more { Some(ctx.engine.tokens.issue(&request, &(from + limit))?) } else { None };
    Ok(ListInventoryEntriesOutput {
        type_name: Some(request.type_name),
        instance_id: Some(request.instance_id),
        schema_version,
        capture_time,
        entries,
        next_token,
    })
}

/// The nodes that match every filter, each with the types that were asked for. Filters are `Type.Attribute`.
async fn get(ctx: Ctx, request: GetInventory) -> Result<GetInventoryOutput, ApiError> {
    if !request.aggregators.is_empty() {
        return Err(ApiError::new("InvalidAggregatorException", "Aggregators are not supported by this endpoint."));
    }
    let after: String = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?.unwrap_or_default();
    let limit = paging::limit(request.max_results, PAGE);
    let wanted: Vec<String> = match request.result_attributes.as_slice() {
        [] => vec![INSTANCE.to_owned()],
        named => named.iter().map(|attribute| attribute.type_name.clone()).collect(),
    };
    let store = &ctx.engine.store;
    // Without filters every node is an entity, whatever it has reported.
    let mut nodes = store.nodes(Vec::new(), Some(after), usize::MAX, |_| true).await?;
    for filter in &request.filters {
        let (type_name, attribute) = filter
            .key
            .rsplit_once('.')
            .ok_or_else(|| ApiError::new("InvalidFilter", format!("The filter {} is not valid.", filter.key)))?;
        if type_name == INSTANCE {
            nodes.retain(|node| meets(filter, attribute, &instance(node)));
            continue;
        }
        let items: BTreeMap<String, InventoryItem> =
            store.inventory_items(type_name, String::new(), 1_000_000).await?.into_iter().collect();
        nodes.retain(|node| {
            items.get(&node.id).is_some_and(|item| item.content.iter().any(|entry| meets(filter, attribute, entry)))
        });
    }
    let cursor = paging::cut(&mut nodes, limit, |last| last.id.clone());
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    let mut entities = Vec::with_capacity(nodes.len());
    for node in nodes {
        let mut data = BTreeMap::new();
        for type_name in &wanted {
            let item = if type_name == INSTANCE {
                let capture_time = node.last_ping.map(|time| time.civil().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
                Some(InventoryResultItem {
                    type_name: type_name.clone(),
                    schema_version: "1.0".to_owned(),
                    capture_time,
                    content_hash: None,
                    content: vec![instance(&node)],
                })
            } else {
                store.inventory_item(&node.id, type_name).await?.map(|item| InventoryResultItem {
                    type_name: item.type_name,
                    schema_version: item.schema_version,
                    capture_time: Some(item.capture_time),
                    content_hash: item.content_hash,
                    content: item.content,
                })
            };
            data.extend(item.map(|item| (type_name.clone(), item)));
        }
        entities.push(InventoryResultEntity { id: Some(node.id), data });
    }
    Ok(GetInventoryOutput { entities, next_token })
}

fn instance(node: &super::store::nodes::Node) -> BTreeMap<String, String> {
    let fields = [
        ("InstanceId", Some(&node.id)),
        ("AgentType", node.agent_name.as_ref()),
        ("AgentVersion", node.agent_version.as_ref()),
        ("ComputerName", node.computer_name.as_ref()),
        ("IpAddress", node.ip_address.as_ref()),
        ("PlatformName", node.platform_name.as_ref()),
        ("PlatformType", node.platform_type.as_ref()),
        ("PlatformVersion", node.platform_version.as_ref()),
    ];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.clone())))
        .chain([("ResourceType".to_owned(), "ManagedInstance".to_owned())])
        .collect()
}

fn meets(filter: &InventoryFilter, attribute: &str, entry: &BTreeMap<String, String>) -> bool {
    let Some(value) = entry.get(attribute) else {
        return matches!(filter.r#type, Some(InventoryQueryOperatorType::NotEqual));
    };
    let any = |test: &dyn Fn(&str) -> bool| filter.values.iter().any(|wanted| test(wanted));
    match filter.r#type.as_ref().unwrap_or(&InventoryQueryOperatorType::Equal) {
        InventoryQueryOperatorType::NotEqual => !any(&|wanted| value == wanted),
        InventoryQueryOperatorType::BeginWith => any(&|wanted| value.starts_with(wanted)),
        InventoryQueryOperatorType::LessThan => any(&|wanted| order(value, wanted).is_lt()),
        InventoryQueryOperatorType::GreaterThan => any(&|wanted| order(value, wanted).is_gt()),
        InventoryQueryOperatorType::Exists => true,
        _ => any(&|wanted| value == wanted),
    }
}

/// Numbers by value, versions by their numbers, everything else as text.
fn order(left: &str, right: &str) -> std::cmp::Ordering {
    let parts = |text: &str| text.split('.').map(|part| part.parse::<u64>().ok()).collect::<Option<Vec<_>>>();
    match (parts(left), parts(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => left.cmp(right),
    }
}
