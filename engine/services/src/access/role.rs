//! Roles that something is to act as, by their ARNs.

use host_api::identifier::Principal;

use super::{Access, Question, Resource};
use crate::Services;
use crate::actor::Actor;
use crate::error::ServiceError;
use crate::parameters::Place;

impl Services {
    /// Asks whether an actor may let something act as a role. Whoever is that role already may.
    ///
    /// # Errors
    /// `AccessDeniedException`.
    pub(crate) async fn pass_role(
        &self,
        actor: &Actor,
        role: &Resource,
    ) -> Result<(), ServiceError> {
        if Principal::new(role.arn(self.place())) == actor.principal {
            return Ok(());
        }
        let question = Question {
            operation: "PassRole",
            access: Access::Write,
            resources: std::slice::from_ref(role),
            conditions: &[],
        };
        self.authorise(actor, question).await.map(drop)
    }
}

/// Returns the name of a role that is given by its ARN, or what is wrong with the text; a path before the name tells no roles apart.
pub(crate) fn role_name(text: &str, place: &Place) -> Result<String, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", _partition, "iam", _region, account, resource] = parts.as_slice() else {
        return Err("is not the ARN of a role".to_owned());
    };
    if *account != place.account_id {
        return Err(format!("is not of the account {}", place.account_id));
    }
    let name = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    match name {
        Some(name) if !name.is_empty() && name.bytes().all(plain) => Ok(name.to_owned()),
        _ => Err("is not the ARN of a role".to_owned()),
    }
}
