//! `AWS:InstanceInformation`.

use host_api::identifier::NodeId;

use super::{Attributes, FactsError, network};

pub(super) fn instance(node: &NodeId) -> Result<Attributes, FactsError> {
    let release = release()?;
    let named = |key: &str| release_value(&release, key).unwrap_or_default();
    let host = nix::unistd::gethostname()
        .map_err(|error| FactsError::Read { what: "the host name", source: error.into() })?;
    Ok(vec![
        ("AgentType", "runwright-agent".to_owned()),
        ("AgentVersion", env!("CARGO_PKG_VERSION").to_owned()),
        ("ComputerName", host.to_string_lossy().into_owned()),
        ("InstanceId", node.to_string()),
        ("IpAddress", network::address_of_default_route()?.unwrap_or_default()),
        ("PlatformName", named("NAME")),
        ("PlatformType", "Linux".to_owned()),
        ("PlatformVersion", named("VERSION_ID")),
        ("ResourceType", "ManagedInstance".to_owned()),
        ("AgentStatus", "Active".to_owned()),
        ("InstanceStatus", "Active".to_owned()),
    ])
}

fn release() -> Result<String, FactsError> {
    let read = std::fs::read_to_string("/etc/os-release")
        .or_else(|_| std::fs::read_to_string("/usr/lib/os-release"));
    read.map_err(|source| FactsError::Read { what: "os-release", source })
}

/// Values may stand in quotes of either kind, with `\` before special characters.
fn release_value(release: &str, key: &str) -> Option<String> {
    let value = release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?.trim();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let inner = match quote {
        Some(quote) => value[1..].strip_suffix(quote).unwrap_or(&value[1..]),
        None => value,
    };
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::release_value;

    #[test]
    fn quotes_and_escapes_are_undone() {
        let release = "PRETTY_NAME=x\nNAME=\"A \\\"B\\\"\"\nVERSION_ID='12'\nID=debian\n";
        assert_eq!(release_value(release, "NAME").as_deref(), Some("A \"B\""));
        assert_eq!(release_value(release, "VERSION_ID").as_deref(), Some("12"));
        assert_eq!(release_value(release, "ID").as_deref(), Some("debian"));
        assert_eq!(release_value(release, "VERSION"), None);
    }
}
