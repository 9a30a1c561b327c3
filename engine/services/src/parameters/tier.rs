//! Tiers: how large a value may be, and what else a parameter may have.

use std::fmt;

use store::ReadTx;

use super::data_type::DataType;
use crate::error::ServiceError;
use crate::settings::{self, SettingId};

/// What a parameter's tier is once it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    Standard,
    Advanced,
}

/// What a request, or the installation's setting, asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedTier {
    Fixed(Tier),
    /// Advanced where what is put needs it.
    Intelligent,
}

impl Tier {
    /// Bytes of a value.
    pub(crate) const fn value_bytes_max(self) -> usize {
        match self {
            Self::Standard => 4 << 10,
            Self::Advanced => 8 << 10,
        }
    }

    /// Parameters of an installation.
    pub(crate) const fn parameters_max(self) -> u64 {
        match self {
            Self::Standard => 10_000,
            Self::Advanced => 100_000,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Advanced => "Advanced",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Standard, Self::Advanced].into_iter().find(|tier| tier.as_str() == text)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AskedTier {
    pub(crate) fn parse(text: &str) -> Result<Self, ServiceError> {
        if text == "Intelligent-Tiering" {
            return Ok(Self::Intelligent);
        }
        Tier::parse(text).map(Self::Fixed).ok_or_else(|| {
            ServiceError::validation(format!(
                "1 validation error detected: Value '{text}' at 'tier' failed to satisfy constraint: Member must satisfy enum \
                 value set: [Standard, Advanced, Intelligent-Tiering]"
            ))
        })
    }
}

/// What decides about a tier.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) asked: Option<AskedTier>,
    /// What is asked for where the request does not say.
    pub(super) default: AskedTier,
    /// The tier of the version before, if there is one.
    pub(super) before: Option<Tier>,
    pub(super) value: &'a str,
    pub(super) data_type: DataType,
    /// Whether the new version has policies.
    pub(super) has_policies: bool,
    /// Parameters of the tier Standard that there are.
    pub(super) standard_count: u64,
}

/// Returns the tier of parameters for which a request names none: what the service setting
/// `/ssm/parameter-store/default-parameter-tier` says.
pub(super) fn default_tier(tx: &ReadTx<'_>) -> Result<AskedTier, ServiceError> {
    AskedTier::parse(&settings::value(tx, SettingId::DefaultParameterTier)?)
}

impl Wanted<'_> {
    /// Returns the tier that what is put gets, or why it cannot have the one that is asked for.
    pub(super) fn tier(&self) -> Result<Tier, ServiceError> {
        let asked = match (self.asked, self.before) {
            (Some(asked), _) => asked,
            (None, Some(before)) if before == Tier::Advanced => AskedTier::Fixed(before),
            (None, before) => match (self.default, before) {
                (AskedTier::Intelligent, _) => AskedTier::Intelligent,
                (AskedTier::Fixed(default), before) => AskedTier::Fixed(before.unwrap_or(default)),
            },
        };
        let tier = match asked {
            AskedTier::Fixed(Tier::Standard) if self.before == Some(Tier::Advanced) => {
                return Err(ServiceError::validation(
                    "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the \
                     advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced \
                     parameter and recreate it as a standard parameter.",
                ));
            }
            AskedTier::Fixed(tier) => tier,
            AskedTier::Intelligent if self.needs_advanced() => Tier::Advanced,
            AskedTier::Intelligent => Tier::Standard,
        };
        self.check(tier)?;
        Ok(tier)
    }

    fn needs_advanced(&self) -> bool {
        let is_one_too_many =
            self.before.is_none() && self.standard_count >= Tier::Standard.parameters_max();
        self.before == Some(Tier::Advanced)
            || self.value.len() > Tier::Standard.value_bytes_max()
            || self.has_policies
            || self.data_type.needs_advanced()
            || is_one_too_many
    }

    fn check(&self, tier: Tier) -> Result<(), ServiceError> {
        let max = tier.value_bytes_max();
        if self.value.len() > max {
            let name = tier.as_str();
            let more = match tier {
                Tier::Standard => {
                    " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
                }
                Tier::Advanced => "",
            };
            return Err(ServiceError::validation(format!(
                "{name} tier parameters support a maximum parameter value of {max} characters.{more}"
            )));
        }
        if tier == Tier::Advanced {
            return Ok(());
        }
        if self.has_policies {
            return Err(ServiceError::validation(
                "Parameter policies are supported by the advanced-parameter tier only: put the parameter with the tier Advanced \
                 or Intelligent-Tiering.",
            ));
        }
        if self.data_type.needs_advanced() {
            return Err(ServiceError::validation(format!(
                "The data type {} is supported by the advanced-parameter tier only: put the parameter with the tier Advanced or \
                 Intelligent-Tiering.",
                self.data_type
            )));
        }
        Ok(())
    }
}
