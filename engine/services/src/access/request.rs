//! A request as Cedar is asked about it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
};
use serde_json::Value;

use super::actions::{Action, actions};
use super::{Question, Resource};
use crate::parameters::Place;

/// The names of kinds of entities; to read one takes longer than to decide.
static KINDS: LazyLock<BTreeMap<&'static str, EntityTypeName>> = LazyLock::new(|| {
    let names = [
        "Action",
        "Account",
        "AutomationDefinition",
        "AutomationExecution",
        "Document",
        "EventBus",
        "EventRule",
        "ManagedInstance",
        "Parameter",
        "Role",
        "ServiceSetting",
        "User",
    ];
    let kind = |name| Some((name, EntityTypeName::from_str(name).ok()?));
    names.into_iter().filter_map(kind).collect()
});

/// The actions that policies can name, by their operations, each with its group.
static ACTIONS: LazyLock<BTreeMap<String, Result<ActionUids, String>>> =
    LazyLock::new(|| actions().map(|action| (action.asked(), ActionUids::new(action))).collect());

#[derive(Debug, Clone)]
struct ActionUids {
    action: EntityUid,
    group: EntityUid,
}

impl ActionUids {
    fn new(action: Action<'_>) -> Result<Self, String> {
        Ok(Self { action: uid("Action", &action.id())?, group: uid("Action", &action.group())? })
    }

    fn of(operation: &str) -> Result<Self, String> {
        let known = ACTIONS.get(operation);
        known.map_or_else(|| Self::new(Action::of(operation)), Clone::clone)
    }
}

/// Who asks, as policies know them.
#[derive(Debug, Clone, Copy)]
pub enum Acting<'a> {
    User { name: &'a str, roles: &'a BTreeSet<String> },
    Role(&'a str),
}

/// On what a policy may depend beside who asks for what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a member of requests")]
pub struct Circumstances {
    pub source_address: Option<IpAddr>,
    /// Whether the caller logged in with a second factor.
    pub is_mfa: bool,
    /// Whether a parameter may be overwritten.
    pub overwrite: bool,
    /// Whether a path is read with all below it.
    pub recursive: bool,
    /// Whether plain text of secrets is asked for.
    pub with_decryption: bool,
    pub document_type: Option<String>,
    pub requested_capabilities: Vec<String>,
    pub http_method: Option<String>,
    pub http_host: Option<String>,
}

/// One question to a set of policies.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub place: &'a Place,
    pub acting: Acting<'a>,
    /// The operation's name, such as `GetParameter`.
    pub operation: &'a str,
    pub resource: &'a Resource,
    /// The resource's.
    pub tags: &'a BTreeMap<String, String>,
    pub circumstances: &'a Circumstances,
}

/// What Cedar takes.
pub(super) struct Prepared {
    pub(super) request: Request,
    pub(super) entities: Entities,
}

impl Circumstances {
    /// Returns the circumstances that the members of a request say.
    pub(crate) fn of(question: &Question<'_>) -> Self {
        let mut circumstances = Self::default();
        for (name, value) in question.conditions {
            let is_set = value.as_bool().unwrap_or(false);
            let text = || value.as_str().map(str::to_owned);
            match *name {
                "Overwrite" => circumstances.overwrite = is_set,
                "Recursive" => circumstances.recursive = is_set,
                "WithDecryption" => circumstances.with_decryption = is_set,
                "DocumentType" => circumstances.document_type = text(),
                "HttpMethod" => circumstances.http_method = text(),
                "HttpHost" => circumstances.http_host = text(),
                "RequestedCapabilities" => {
                    let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                    circumstances.requested_capabilities = texts.map(str::to_owned).collect();
                }
                _ => {}
            }
        }
        circumstances
    }

    pub(super) fn text_bytes(&self) -> usize {
        let optional = [&self.document_type, &self.http_method, &self.http_host];
        let optional = optional.into_iter().flatten().map(String::len);
        optional.chain(self.requested_capabilities.iter().map(String::len)).sum()
    }

    fn context(&self) -> Result<Context, String> {
        let truth = |name: &str, value| (name.to_owned(), RestrictedExpression::new_bool(value));
        let text = |text: &String| RestrictedExpression::new_string(text.clone());
        let mut pairs = vec![
            truth("mfa", self.is_mfa),
            truth("overwrite", self.overwrite),
            truth("recursive", self.recursive),
            truth("withDecryption", self.with_decryption),
            (
                "requestedCapabilities".to_owned(),
                RestrictedExpression::new_set(self.requested_capabilities.iter().map(text)),
            ),
        ];
        let optional = [
            ("documentType", &self.document_type),
            ("httpMethod", &self.http_method),
            ("httpHost", &self.http_host),
        ];
        for (name, value) in optional {
            pairs.extend(value.as_ref().map(|value| (name.to_owned(), text(value))));
        }
        if let Some(address) = self.source_address {
            let address = RestrictedExpression::new_ip(address.to_canonical().to_string());
            pairs.push(("sourceAddress".to_owned(), address));
        }
        Context::from_pairs(pairs).map_err(|error| error.to_string())
    }
}

impl Asked<'_> {
    pub(super) fn prepared(&self) -> Result<Prepared, String> {
        let ActionUids { action, group } = ActionUids::of(self.operation)?;
        let principal = self.principal()?;
        let resource = self.resource_entity()?;
        let (principal_uid, resource_uid) = (principal.uid(), resource.uid());
        let mut entities =
            vec![principal, Entity::new_no_attrs(action.clone(), HashSet::from([group]))];
        // Whoever is asked about oneself is known already.
        if resource_uid != principal_uid {
            entities.push(resource);
        }
        let entities =
            Entities::from_entities(entities, None).map_err(|error| error.to_string())?;
        let context = self.circumstances.context()?;
        let request = Request::new(principal_uid, action, resource_uid, context, None);
        Ok(Prepared { request: request.map_err(|error| error.to_string())?, entities })
    }

    fn principal(&self) -> Result<Entity, String> {
        let (uid, arn, roles) = match self.acting {
            Acting::User { name, roles } => {
                let roles = roles.iter().map(|role| uid("Role", role)).collect::<Result<_, _>>()?;
                (uid("User", name)?, Resource::User(name.to_owned()).arn(self.place), roles)
            }
            Acting::Role(name) => {
                (uid("Role", name)?, Resource::Role(name.to_owned()).arn(self.place), Vec::new())
            }
        };
        entity(uid, arn, roles, &BTreeMap::new())
    }

    fn resource_entity(&self) -> Result<Entity, String> {
        let (kind, id) = self.resource.entity(self.place);
        let parents = match self.resource {
            Resource::Parameter(_) => paths_above(&id)
                .map(|path| uid("Parameter", path))
                .collect::<Result<Vec<_>, _>>()?,
            Resource::AutomationDefinition(name, _) => vec![uid("Document", document(name))?],
            Resource::Account
            | Resource::Document(_)
            | Resource::AutomationExecution(_)
            | Resource::EventBus(_)
            | Resource::EventRule(_)
            | Resource::ManagedInstance(_)
            | Resource::ServiceSetting(_)
            | Resource::Role(_)
            | Resource::User(_) => Vec::new(),
        };
        entity(uid(kind, &id)?, self.resource.arn(self.place), parents, self.tags)
    }
}

impl Resource {
    /// Returns what policies call the resource: its kind and its id.
    pub fn entity(&self, place: &Place) -> (&'static str, String) {
        match self {
            Self::Account => ("Account", place.account_id.clone()),
            Self::Parameter(name) => ("Parameter", path(name).to_owned()),
            Self::Document(name) => ("Document", document(name).to_owned()),
            Self::AutomationDefinition(name, version) => {
                ("AutomationDefinition", format!("{}:{version}", document(name)))
            }
            Self::AutomationExecution(id) => ("AutomationExecution", id.clone()),
            Self::EventBus(name) => ("EventBus", name.clone()),
            Self::EventRule(name) => ("EventRule", name.clone()),
            Self::ManagedInstance(id) => ("ManagedInstance", id.clone()),
            Self::ServiceSetting(id) => ("ServiceSetting", id.clone()),
            Self::Role(name) => ("Role", name.clone()),
            Self::User(name) => ("User", name.clone()),
        }
    }
}

/// Returns a document's name, which may be given by its ARN.
pub(super) fn document(name: &str) -> &str {
    let by_arn = name.strip_prefix("arn:").and_then(|arn| arn.split_once(":document/"));
    by_arn.map_or(name, |(_, name)| name)
}

/// Returns a parameter's name or path without slashes at its end.
pub(super) fn path(name: &str) -> &str {
    let trimmed = name.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { trimmed }
}

/// Returns the paths above a name, from the nearest to the root.
fn paths_above(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(above(name), |path| above(path))
}

fn above(path: &str) -> Option<&str> {
    match path.rfind('/') {
        _ if path == "/" => None,
        None | Some(0) => Some("/"),
        Some(at) => path.get(..at),
    }
}

fn entity(
    uid: EntityUid,
    arn: String,
    parents: Vec<EntityUid>,
    tags: &BTreeMap<String, String>,
) -> Result<Entity, String> {
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let id: &str = uid.id().unescaped();
    let attributes =
        [("arn".to_owned(), RestrictedExpression::new_string(arn)), ("name".to_owned(), text(id))];
    let tags = tags.iter().map(|(key, value)| (key.clone(), text(value)));
    Entity::new_with_tags(uid, attributes, parents, tags).map_err(|error| error.to_string())
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind = KINDS.get(kind).ok_or_else(|| format!("{kind} is no kind of entity"))?;
    Ok(EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id)))
}
