//! Whether a principal is the one whom a runbook names as an approver.

use host_api::identifier::Principal;

/// Returns whether an approver, as a runbook names it, is this principal.
///
/// SSM: a user's name, or the ARN of a user, a role or an assumed role. Sessions of a role are not told apart here: who acts as a role
/// is every session of it. `*` is anybody, and any other principal is named as it is written.
pub(crate) fn is_called(approver: &str, principal: &Principal) -> bool {
    if approver == "*" || approver == principal.as_str() {
        return true;
    }
    let Some(acting) = Identity::parse(principal.as_str()) else { return false };
    match Identity::parse(approver) {
        Some(named) => named == acting,
        None => matches!(acting, Identity::User(_, name) if name == approver),
    }
}

/// What an ARN of IAM or STS names: account and name, without path and session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity<'t> {
    User(&'t str, &'t str),
    Role(&'t str, &'t str),
}

impl<'t> Identity<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", _partition, service, _region, account, resource] = parts.as_slice() else {
            return None;
        };
        let (kind, path) = resource.split_once('/')?;
        let name = path.rsplit('/').next()?;
        match (*service, kind) {
            ("iam", "user") => Some(Self::User(account, name)),
            ("iam", "role") => Some(Self::Role(account, name)),
            ("sts", "assumed-role") => Some(Self::Role(account, path.split('/').next()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(approver: &str, principal: &str, expected: bool) {
        assert_eq!(is_called(approver, &Principal::new(principal)), expected, "{approver}");
    }

    #[test]
    fn approvers_are_named_as_ssm_names_them() {
        let ann = "arn:aws:iam::000000000000:user/ann";
        check("ann", ann, true);
        check("ann", "arn:aws:iam::000000000000:user/division/ann", true);
        check("arn:aws:iam::000000000000:user/division/ann", ann, true);
        check("ann", "ann", true);
        check(ann, ann, true);
        check("*", ann, true);
        check("an", ann, false);
        check("bob", ann, false);
        check("ann", "arn:aws:iam::000000000000:role/ann", false);
        check("arn:aws:iam::111111111111:user/ann", ann, false);
        check("arn:aws:iam::000000000000:role/ann", ann, false);
        let ops = "arn:aws:iam::000000000000:role/ops";
        check(ops, ops, true);
        check(ops, "arn:aws:sts::000000000000:assumed-role/ops/session", true);
        check("arn:aws:sts::000000000000:assumed-role/ops/session", ops, true);
        check("arn:aws:sts::000000000000:assumed-role/other/ops", ops, false);
        check("arn:aws:sts::111111111111:assumed-role/ops/session", ops, false);
        check("ops", ops, false);
        check("os:1000", "os:1000", true);
        check("os:1000", "os:1001", false);
    }
}
