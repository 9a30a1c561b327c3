//! Snapshots beside the file they are of.

use std::path::Path;

pub(crate) fn snapshot(path: &Path, ending: &str, seen: &str) {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path.parent().expect("a case lies in a folder"));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let name = format!(
        "{}{ending}",
        path.file_stem().and_then(|stem| stem.to_str()).expect("a case has a plain name")
    );
    settings.bind(|| insta::assert_snapshot!(name, seen));
}
