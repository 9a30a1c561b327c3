//! The rules of the house, held by a test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which workspace crates each crate may import (DESIGN: the import table).
const IMPORTS: &[(&str, &[&str])] = &[
    ("host-api", &[]),
    ("runbook", &["host-api"]),
    ("machine", &["host-api", "runbook"]),
    ("rules", &["runbook"]),
    ("store", &["host-api"]),
    ("sandbox", &["host-api"]),
    ("driver", &["host-api", "runbook", "machine", "store", "sandbox"]),
    ("services", &["host-api", "runbook", "machine", "rules", "store", "ssm-model"]),
    ("ssm-model", &[]),
    ("agent", &["host-api"]),
    ("server", &["host-api", "services", "ssm-model"]),
    ("library", &[]),
    (
        "runwright",
        &[
            "host-api",
            "runbook",
            "machine",
            "rules",
            "store",
            "sandbox",
            "driver",
            "services",
            "server",
            "agent",
            "library",
            "guest-build",
        ],
    ),
    ("guest-build", &["host-api"]),
    ("runwright-sdk", &["runwright-sdk-macros"]),
    ("runwright-sdk-macros", &[]),
    (
        "e2e",
        &[
            "runwright",
            "host-api",
            "runbook",
            "machine",
            "rules",
            "store",
            "sandbox",
            "services",
            "agent",
            "library",
        ],
    ),
    ("xtask", &["guest-build"]),
];

/// Heavy crates, and where alone they may be.
const HOMES: &[(&str, &[&str])] = &[
    ("serde_norway", &["runbook"]),
    ("saphyr-parser", &["runbook"]),
    ("petgraph", &["runbook"]),
    ("cel", &["runbook"]),
    ("rusqlite", &["store"]),
    ("wasmtime", &["sandbox"]),
    ("wasmtime-wasi", &["sandbox"]),
    ("cedar-policy", &["services"]),
    ("chacha20poly1305", &["services"]),
    ("hyper", &["services", "server"]),
    ("axum", &["server"]),
    ("clap", &["runwright"]),
    ("wit-component", &["guest-build"]),
    ("wit-bindgen", &["runwright-sdk"]),
];

const FILE_LINES_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Names of what a package depends on in its code; its own tests may use more.
fn dependencies(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().unwrap();
    all.iter()
        .filter(|dependency| dependency["kind"] != "dev")
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect()
}

fn tracked(extension: &str) -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success());
    let names = String::from_utf8(output.stdout).unwrap();
    let files: Vec<_> = names
        .split('\0')
        .filter(|name| name.ends_with(extension))
        .map(|name| root().join(name))
        .filter(|path| path.exists())
        .collect();
    assert!(!files.is_empty(), "no file ends with {extension}");
    files
}

#[test]
fn crates_import_only_what_the_table_allows() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        IMPORTS.iter().map(|(name, imports)| (*name, imports.iter().copied().collect())).collect();
    let packages = packages();
    let members: BTreeSet<_> =
        packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(members, allowed.keys().copied().collect(), "the table and the workspace differ");
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        for dependency in dependencies(package) {
            if members.contains(dependency.as_str()) {
                assert!(allowed[name].contains(dependency.as_str()), "{name} imports {dependency}");
            }
        }
    }
}

#[test]
fn heavy_crates_stay_at_home() {
    let packages = packages();
    for (heavy, homes) in HOMES {
        let mut found = false;
        for package in &packages {
            let name = package["name"].as_str().unwrap();
            if dependencies(package).contains(*heavy) {
                assert!(homes.contains(&name), "{name} imports {heavy}");
                found = true;
            }
        }
        assert!(found, "{heavy} is not used where the table says");
    }
}

#[test]
fn files_are_short_and_named_by_a_noun() {
    for path in tracked(".rs") {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines", path.display());
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["util", "utils", "helper", "helpers", "misc", "common", "manager", "mod"]
                .contains(&stem),
            "{}",
            path.display()
        );
    }
}

#[test]
fn every_test_file_belongs_to_its_binary() {
    let main = fs::read_to_string(root().join("tests/it/main.rs")).unwrap();
    for entry in fs::read_dir(root().join("tests/it")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "rs") && stem != "main" {
            assert!(main.contains(&format!("mod {stem};")), "{} is not a module", path.display());
        }
    }
}

#[test]
fn every_diagnostic_code_has_a_page_and_a_case() {
    for home in ["engine/runbook", "engine/rules"] {
        codes_have_pages_and_cases(&root().join(home));
    }
}

fn codes_have_pages_and_cases(home: &Path) {
    let pages = home.join("codes");
    let cases = home.join("tests/data/err");
    let listed = fs::read_to_string(home.join("src/codes.rs")).unwrap();
    let snapshots: String = fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "snap"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut codes = 0;
    for entry in fs::read_dir(pages).unwrap() {
        let path = entry.unwrap().path();
        let code = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(listed.contains(&code), "{code} has a page and is no code");
        assert!(snapshots.contains(&code), "{code} has no case in tests/data/err");
        codes += 1;
    }
    assert!(codes > 0);
}

#[test]
fn readme_names_commands_that_exist() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let help = Command::new(env!("CARGO_BIN_EXE_runwright-e2e")).arg("--help").output().unwrap();
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    let mut commands = 0;
    for line in readme.lines() {
        let Some(rest) = line.trim_start_matches("$ ").strip_prefix("runwright ") else { continue };
        let command = rest.split_whitespace().next().unwrap();
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(&format!("{command} "))),
            "README names `runwright {command}`, which does not exist"
        );
        commands += 1;
    }
    assert!(commands > 0);
}
