//! What a component is made of, read before the compiler sees it.

use wasmparser::{
    ComponentInstance, ComponentTypeRef, Encoding, Instance, Parser, Payload, SectionLimited,
    TypeBounds,
};

use crate::engine::{CORE_INSTANCES_MAX, CORE_INSTANCES_PER_PERMIT};

/// Nested components and modules, counting the outermost.
const DEPTH_MAX: u32 = 8;
const MODULES_MAX: u32 = 200;
const FUNCTIONS_MAX: u32 = 100_000;
/// Types, imports, globals, exports, segments, aliases and so on, in all.
const ITEMS_MAX: u32 = 1_000_000;
/// Instantiations of nested components. They may nest, so what they unfold to grows as a power of three.
const COMPONENT_INSTANCES_MAX: u32 = 24;

/// Why bytes are not a component that may be compiled.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    #[error("not WebAssembly")]
    NotWebAssembly(#[source] wasmparser::BinaryReaderError),
    #[error("a core module, not a component")]
    CoreModule,
    #[error("native code; only WebAssembly is accepted")]
    Precompiled,
    #[error("has more than {max} {what}")]
    TooMany { what: &'static str, max: u32 },
    #[error("has no `{section}` section", section = host_api::manifest::MANIFEST_SECTION)]
    NoManifest,
    #[error("has more than one `{section}` section", section = host_api::manifest::MANIFEST_SECTION)]
    TwoManifests,
}

/// What is known of a component without compiling it.
#[derive(Debug, Default)]
pub(crate) struct Anatomy {
    /// The manifest's JSON text.
    pub(crate) manifest: Option<Vec<u8>>,
    /// The names of all that it imports.
    pub(crate) imports: Vec<String>,
    modules: u32,
    functions: u32,
    items: u32,
    core_instances: u32,
    component_instances: u32,
    depth: u32,
}

impl Anatomy {
    /// Returns how many units of concurrency the core instances take, at least 1.
    pub(crate) fn core_instance_permits(&self) -> u32 {
        let unfolded = 3_u32.pow(self.component_instances.div_ceil(3));
        let core_instances = self.core_instances.saturating_mul(unfolded).min(CORE_INSTANCES_MAX);
        core_instances.div_ceil(CORE_INSTANCES_PER_PERMIT).max(1)
    }
}

/// Reads the sections of a component and counts what is in them.
pub(crate) fn examine(bytes: &[u8]) -> Result<Anatomy, Malformed> {
    if wasmtime::Engine::detect_precompiled(bytes).is_some() {
        return Err(Malformed::Precompiled);
    }
    let mut anatomy = Anatomy::default();
    for payload in Parser::new(0).parse_all(bytes) {
        anatomy.take(payload.map_err(Malformed::NotWebAssembly)?)?;
    }
    match anatomy.manifest {
        Some(_) => Ok(anatomy),
        None => Err(Malformed::NoManifest),
    }
}

impl Anatomy {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other sections only count")]
    fn take(&mut self, payload: Payload<'_>) -> Result<(), Malformed> {
        match payload {
            Payload::Version { encoding, .. } => self.enter(encoding)?,
            Payload::End(_) => self.depth -= 1,
            Payload::ModuleSection { .. } => {
                add(&mut self.modules, 1, "modules", MODULES_MAX)?;
            }
            Payload::FunctionSection(section) => {
                add(&mut self.functions, section.count(), "functions", FUNCTIONS_MAX)?;
            }
            Payload::InstanceSection(section) => self.take_core_instances(section)?,
            Payload::ComponentInstanceSection(section) => self.take_component_instances(section)?,
            Payload::ComponentImportSection(section) => {
                self.count(section.count())?;
                if self.depth == 1 {
                    for import in section {
                        let import = import.map_err(Malformed::NotWebAssembly)?;
                        // A name for a type that is already there brings nothing in.
                        if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                            self.imports.push(import.name.name.to_owned());
                        }
                    }
                }
            }
            Payload::CustomSection(section)
                if self.depth == 1 && section.name() == host_api::manifest::MANIFEST_SECTION =>
            {
                if self.manifest.replace(section.data().to_vec()).is_some() {
                    return Err(Malformed::TwoManifests);
                }
            }
            rest => self.count(item_count(&rest))?,
        }
        Ok(())
    }

    fn enter(&mut self, encoding: Encoding) -> Result<(), Malformed> {
        if self.depth == 0 && encoding == Encoding::Module {
            return Err(Malformed::CoreModule);
        }
        add(&mut self.depth, 1, "levels of nesting", DEPTH_MAX)
    }

    fn count(&mut self, items: u32) -> Result<(), Malformed> {
        add(&mut self.items, items, "items", ITEMS_MAX)
    }

    fn take_core_instances(
        &mut self,
        section: SectionLimited<'_, Instance<'_>>,
    ) -> Result<(), Malformed> {
        self.count(section.count())?;
        for instance in section {
            let instance = instance.map_err(Malformed::NotWebAssembly)?;
            if matches!(instance, Instance::Instantiate { .. }) {
                add(&mut self.core_instances, 1, "core instances", CORE_INSTANCES_MAX)?;
            }
        }
        Ok(())
    }

    fn take_component_instances(
        &mut self,
        section: SectionLimited<'_, ComponentInstance<'_>>,
    ) -> Result<(), Malformed> {
        self.count(section.count())?;
        for instance in section {
            let instance = instance.map_err(Malformed::NotWebAssembly)?;
            if matches!(instance, ComponentInstance::Instantiate { .. }) {
                let instances = &mut self.component_instances;
                add(instances, 1, "component instances", COMPONENT_INSTANCES_MAX)?;
            }
        }
        Ok(())
    }
}

fn add(sum: &mut u32, more: u32, what: &'static str, max: u32) -> Result<(), Malformed> {
    *sum = sum.saturating_add(more);
    if *sum > max { Err(Malformed::TooMany { what, max }) } else { Ok(()) }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "sections without items, of a foreign enum")]
fn item_count(payload: &Payload<'_>) -> u32 {
    match payload {
        Payload::TypeSection(section) => section.count(),
        Payload::ImportSection(section) => section.count(),
        Payload::TableSection(section) => section.count(),
        Payload::MemorySection(section) => section.count(),
        Payload::TagSection(section) => section.count(),
        Payload::GlobalSection(section) => section.count(),
        Payload::ExportSection(section) => section.count(),
        Payload::ElementSection(section) => section.count(),
        Payload::DataSection(section) => section.count(),
        Payload::CoreTypeSection(section) => section.count(),
        Payload::ComponentAliasSection(section) => section.count(),
        Payload::ComponentTypeSection(section) => section.count(),
        Payload::ComponentCanonicalSection(section) => section.count(),
        Payload::ComponentExportSection(section) => section.count(),
        _ => 1,
    }
}
