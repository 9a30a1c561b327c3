//! Users, their credentials, and policies.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

#[derive(Debug, Subcommand)]
pub enum Auth {
    /// Print what a shell needs to reach this server as its administrator
    Env,
    /// Users and their roles
    #[command(subcommand)]
    User(User),
    /// Access keys, by which requests are signed
    #[command(subcommand)]
    Key(AccessKey),
    /// Tokens, which are sent as they are
    #[command(subcommand)]
    Token(Token),
}

#[derive(Debug, Subcommand)]
pub enum User {
    /// All users with their roles
    List,
    /// Add a user, or give one exactly these roles
    Set {
        name: String,
        #[command(flatten)]
        roles: GivenRoles,
    },
    /// Remove a user with all keys and tokens
    Remove {
        name: String,
        /// Only show what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

/// Which roles a user gets.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct GivenRoles {
    /// A role; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// Take all roles away
    #[arg(long)]
    pub no_roles: bool,
}

#[derive(Debug, Subcommand)]
pub enum AccessKey {
    /// Give a user a key, whose secret is shown this once; a user who is not there is added
    Create {
        #[arg(long, value_name = "NAME")]
        user: String,
        /// Give the user exactly these roles too; may be repeated
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// All keys, or those of one user
    List {
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
    /// Take a key away for good
    Revoke {
        id: String,
        /// Only show whose key would go
        #[arg(long)]
        dry_run: bool,
    },
    /// Give the key's user another one; the old one stays active for a while
    Rotate {
        id: String,
        /// How long the old key stays active
        #[arg(long, value_name = "DURATION", default_value = "24h")]
        grace: String,
    },
    /// Let no request be signed with a key until it is enabled again
    Disable { id: String },
    /// Let requests be signed with a key again
    Enable { id: String },
}

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Give a user a token, which is shown this once; a user who is not there is added
    Create {
        #[arg(long, value_name = "NAME")]
        user: String,
        /// Give the user exactly these roles too; may be repeated
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// When it ceases to be accepted: 30d, or a time such as 2030-01-31T08:00:00Z; never, when absent
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
    },
    /// All tokens, or those of one user
    List {
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
    /// Take a token away for good
    Revoke {
        id: String,
        /// Only show whose token would go
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Policy {
    /// The policies that are asked: those of the program, and those in policies/ of the data directory
    List,
    /// Whether the files in policies/ are those that are asked; exit code 2 when they are broken
    Status,
    /// Check files of Cedar policies; prints every mistake with its place
    Validate {
        #[arg(required = true, value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
    },
    /// Write an IAM policy as Cedar policies, or say what cannot be
    Convert(Convert),
    /// Say what the policies would decide, and which of them; exit code 4 when they deny
    Test(TestPolicies),
    /// Print what policies can speak of, as a Cedar schema
    Schema,
}

#[derive(Debug, Args)]
pub struct Convert {
    /// A JSON policy of IAM
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    #[command(flatten)]
    pub holder: Holder,
}

/// Whose policy it is to be.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Holder {
    /// The policy is to be this user's
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// The policy is to be that of all who have this role
    #[arg(long, value_name = "NAME")]
    pub role: Option<String>,
    /// The policy is to be everybody's
    #[arg(long)]
    pub everybody: bool,
}

#[derive(Debug, Args)]
pub struct TestPolicies {
    #[command(flatten)]
    pub principal: Tested,
    /// Such as ssm:GetParameter
    #[arg(long, value_name = "ACTION")]
    pub action: String,
    /// An ARN, or its end: parameter/app/x, document/Deploy, automation-definition/Deploy:1, managed-instance/mi-…, * for none
    #[arg(long, value_name = "RESOURCE", default_value = "*")]
    pub resource: String,
    /// What policies see of the request: withDecryption=true, sourceAddress=192.0.2.1; may be repeated
    #[arg(long = "context", value_name = "KEY=VALUE")]
    pub context: Vec<String>,
}

/// Who would ask.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Tested {
    /// A user of this installation
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// A role, as a run acts that assumes it
    #[arg(long, value_name = "NAME")]
    pub role: Option<String>,
}
