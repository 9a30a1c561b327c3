//! `OpsItems`: what somebody should look into. They are stored; what manages them does not exist yet.

use serde_json::{Map, Value, json};
use store::ops_items::{self, NewOpsItem};

use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;

/// SSM's limits, in characters.
const TITLE_CHARACTERS_MAX: usize = 1_024;
const SOURCE_CHARACTERS_MAX: usize = 128;
const DESCRIPTION_CHARACTERS_MAX: usize = 2_048;
const CATEGORY_CHARACTERS_MAX: usize = 64;
const SEVERITIES: [&str; 4] = ["1", "2", "3", "4"];
const PRIORITIES: std::ops::RangeInclusive<u32> = 1..=5;
/// The key under which SSM keeps what tells equal items.
const DEDUPLICATION_KEY: &str = "/aws/dedup";

/// What an `OpsItem` begins with, in the words of SSM's `CreateOpsItem`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateOpsItem {
    pub title: String,
    pub source: String,
    pub description: Option<String>,
    pub severity: Option<String>,
    pub category: Option<String>,
    pub priority: Option<String>,
    /// While an item with the same text is open, there is no other one.
    pub deduplicate: Option<String>,
    pub operational_data: Map<String, Value>,
}

impl Services {
    /// Stores an open item and returns its id; of one that is the same as an open one, that one's.
    ///
    /// # Errors
    /// `OpsItemInvalidParameterException` for what is beyond SSM's limits.
    pub async fn create_ops_item(
        &self,
        actor: &Actor,
        item: CreateOpsItem,
    ) -> Result<String, ServiceError> {
        let new = new_item(actor, item)?;
        let deed = Deed::new("CreateOpsItem", format!("opsitem/{}", new.id))
            .details(json!({ "title": new.title, "source": new.source }));
        self.change(actor, deed, move |tx| Ok(ops_items::insert(tx, &new)?)).await
    }
}

fn new_item(actor: &Actor, item: CreateOpsItem) -> Result<NewOpsItem, ServiceError> {
    length("Title", &item.title, 1..=TITLE_CHARACTERS_MAX)?;
    length("Source", &item.source, 1..=SOURCE_CHARACTERS_MAX)?;
    let description = item.description.unwrap_or_else(|| item.title.clone());
    length("Description", &description, 1..=DESCRIPTION_CHARACTERS_MAX)?;
    if let Some(category) = &item.category {
        length("Category", category, 1..=CATEGORY_CHARACTERS_MAX)?;
    }
    if let Some(severity) = &item.severity
        && !SEVERITIES.contains(&severity.as_str())
    {
        return Err(invalid(format!("Severity is 1, 2, 3 or 4, not {severity}")));
    }
    let priority = match &item.priority {
        None => None,
        Some(text) => match text.parse::<u32>() {
            Ok(priority) if PRIORITIES.contains(&priority) => Some(priority),
            Ok(_) | Err(_) => return Err(invalid(format!("Priority is 1 to 5, not {text}"))),
        },
    };
    let mut data = Map::new();
    for (key, value) in item.operational_data {
        let text = runbook::value::text(&value);
        data.insert(key, json!({ "Value": text, "Type": "SearchableString" }));
    }
    if let Some(text) = &item.deduplicate {
        let told = json!({ "dedupString": text }).to_string();
        data.insert(
            DEDUPLICATION_KEY.to_owned(),
            json!({ "Value": told, "Type": "SearchableString" }),
        );
    }
    let digits = uuid::Uuid::new_v4().simple().to_string();
    Ok(NewOpsItem {
        id: format!("oi-{}", &digits[..12]),
        title: item.title,
        source: item.source,
        description,
        severity: item.severity,
        category: item.category,
        priority,
        deduplicate: item.deduplicate,
        operational_data: Value::Object(data).to_string(),
        created_by: actor.principal.to_string(),
        created_ms: now_ms(),
    })
}

fn length(
    name: &str,
    text: &str,
    range: std::ops::RangeInclusive<usize>,
) -> Result<(), ServiceError> {
    let characters = text.chars().count();
    if range.contains(&characters) {
        return Ok(());
    }
    Err(invalid(format!(
        "{name} has {characters} characters; it may have {} to {}",
        range.start(),
        range.end()
    )))
}

fn invalid(message: String) -> ServiceError {
    ServiceError::request("OpsItemInvalidParameterException", message)
}
