//! The areas of grants and the verbs of each.

use std::fmt;

/// What a grant is about. All but `network` have a WIT interface of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    Parameters,
    Commands,
    Http,
    /// Which addresses a name may resolve to beyond public ones.
    Network,
    Automation,
    Inventory,
    Tags,
    Patching,
    Ops,
    State,
    /// Operations of this installation's own API, by name; the verb is the service.
    Api,
}

/// What is done. One verb may stand for the same word of several areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    Read,
    Reveal,
    Write,
    Delete,
    Send,
    Connect,
    Start,
    Scan,
    Install,
    Create,
    Update,
    Get,
    Head,
    Post,
    Put,
    Patch,
    Options,
    Ssm,
}

impl Area {
    pub const ALL: [Area; 11] = [
        Area::Parameters,
        Area::Commands,
        Area::Http,
        Area::Network,
        Area::Automation,
        Area::Inventory,
        Area::Tags,
        Area::Patching,
        Area::Ops,
        Area::State,
        Area::Api,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Parameters => "parameters",
            Self::Commands => "commands",
            Self::Http => "http",
            Self::Network => "network",
            Self::Automation => "automation",
            Self::Inventory => "inventory",
            Self::Tags => "tags",
            Self::Patching => "patching",
            Self::Ops => "ops",
            Self::State => "state",
            Self::Api => "api",
        }
    }

    /// Returns the WIT interface that the area opens, `None` for `network`.
    pub fn interface(self) -> Option<&'static str> {
        (self != Self::Network).then(|| self.name())
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|area| area.name() == name)
    }

    pub(crate) fn verb(self, name: &str) -> Option<Verb> {
        self.verbs().iter().find(|(text, _)| *text == name).map(|(_, verb)| *verb)
    }

    pub(crate) fn verb_name(self, verb: Verb) -> &'static str {
        self.verbs().iter().find(|(_, known)| *known == verb).map_or("", |(text, _)| text)
    }

    pub(crate) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    pub(crate) fn verb_names(self) -> String {
        let mut names: Vec<_> = self.verbs().iter().map(|(text, _)| *text).collect();
        names.push("*");
        names.join(", ")
    }

    fn verbs(self) -> &'static [(&'static str, Verb)] {
        match self {
            Self::Parameters => &[
                ("read", Verb::Read),
                ("reveal", Verb::Reveal),
                ("write", Verb::Write),
                ("delete", Verb::Delete),
            ],
            Self::Commands => &[("send", Verb::Send)],
            Self::Http => &[
                ("GET", Verb::Get),
                ("HEAD", Verb::Head),
                ("POST", Verb::Post),
                ("PUT", Verb::Put),
                ("PATCH", Verb::Patch),
                ("DELETE", Verb::Delete),
                ("OPTIONS", Verb::Options),
            ],
            Self::Network => &[("connect", Verb::Connect)],
            Self::Automation => &[("start", Verb::Start)],
            Self::Inventory => &[("read", Verb::Read)],
            Self::Tags => &[("write", Verb::Write)],
            Self::Patching => &[("scan", Verb::Scan), ("install", Verb::Install)],
            Self::Ops => &[("create", Verb::Create), ("update", Verb::Update)],
            Self::State => &[("read", Verb::Read), ("write", Verb::Write)],
            Self::Api => &[("ssm", Verb::Ssm)],
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
