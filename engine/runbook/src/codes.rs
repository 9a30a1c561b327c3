//! The codes of diagnostics; each has a page with an example that is wrong and one that is right.

/// Declares the codes of a crate, each with its page in the crate's folder `codes/`, and `ALL` and `explain` over them.
#[macro_export]
macro_rules! codes {
    ($($name:ident = $code:literal),+ $(,)?) => {
        $(pub const $name: $crate::diagnostic::Code = $crate::diagnostic::Code::new($code);)+

        /// Every code with its page, in order.
        pub const ALL: &[($crate::diagnostic::Code, &str)] =
            &[$(($name, include_str!(concat!("../codes/", $code, ".md")))),+];

        /// Returns the page of a code, in Markdown; `None` for a code that does not exist.
        pub fn explain(code: &str) -> Option<&'static str> {
            ALL.iter()
                .find(|(known, _)| known.as_str().eq_ignore_ascii_case(code))
                .map(|(_, page)| *page)
        }
    };
}

codes! {
    SYNTAX = "RW0101",
    DUPLICATE_KEY = "RW0102",
    SEVERAL_DOCUMENTS = "RW0103",
    TAG = "RW0104",
    TOO_LARGE = "RW0105",
    NOT_A_MAP = "RW0106",
    SCHEMA_VERSION = "RW0201",
    UNKNOWN_KEY = "RW0202",
    MISSING_KEY = "RW0203",
    WRONG_TYPE = "RW0204",
    INVALID_VALUE = "RW0205",
    NEEDS_0_4 = "RW0206",
    NOT_AVAILABLE_YET = "RW0207",
    KEY_CONFLICT = "RW0208",
    DUPLICATE_NAME = "RW0209",
    INVALID_NAME = "RW0210",
    DURATION = "RW0211",
    PARAMETER_TYPE = "RW0301",
    PARAMETER_DEFAULT = "RW0302",
    ALLOWED_PATTERN = "RW0303",
    PARAMETER_REFERENCE = "RW0304",
    SECRET = "RW0305",
    CONSTRAINT = "RW0306",
    TEMPLATE = "RW0401",
    UNKNOWN_PARAMETER = "RW0402",
    UNKNOWN_STEP = "RW0403",
    UNKNOWN_OUTPUT = "RW0404",
    UNKNOWN_VARIABLE = "RW0405",
    NOT_BEFORE = "RW0406",
    PARAMETER_STORE = "RW0407",
    EXPRESSION = "RW0408",
    ITEM = "RW0409",
    SELECTOR = "RW0410",
    UNKNOWN_ACTION = "RW0501",
    UNAVAILABLE_ACTION = "RW0502",
    PLUGIN_NOT_LOCKED = "RW0503",
    PLUGIN_NOT_INSTALLED = "RW0504",
    UNKNOWN_INPUT = "RW0505",
    MISSING_INPUT = "RW0506",
    INVALID_INPUT = "RW0507",
    INPUT_WITHOUT_COUNTERPART = "RW0508",
    TARGET = "RW0601",
    TARGET_NOT_ALLOWED = "RW0602",
    CYCLE = "RW0603",
    CHOICE = "RW0604",
    JUMP = "RW0605",
    NO_DEPENDENCY = "RW0606",
    WRONG_FLOW = "RW0607",
    LOOP = "RW0608",
    UNREACHABLE = "RW0609",
    NOT_ON_THIS_ACTION = "RW0610",
    CAPABILITY = "RW0701",
    CAPABILITY_MISSING = "RW0702",
    SHELL_INTERPOLATION = "RW0801",
    SHELL_TEXT = "RW0802",
    PLUGIN_NOT_RUNNABLE = "RW0901",
}
