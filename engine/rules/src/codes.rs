//! The codes of diagnostics of rule files; each has a page with an example that is wrong and one that is right.
//!
//! Mistakes that a runbook can have too, such as an unknown key, have the codes of [`runbook::codes`].

runbook::codes! {
    NOT_A_RULE_FILE = "RW1101",
    PATTERN = "RW1102",
    UNKNOWN_FIELD = "RW1103",
    NEVER_MATCHES = "RW1104",
    PATH = "RW1105",
    INPUT = "RW1106",
    SCHEDULE = "RW1107",
    ADDRESS = "RW1108",
    SECRET_NAME = "RW1109",
}
