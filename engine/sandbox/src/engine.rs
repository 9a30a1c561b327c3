//! The hardened configuration of wasmtime.

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    WasmBacktraceDetails,
};

use crate::settings::Allocation;

/// Core instances of one component. `CPython` has 108.
pub(crate) const CORE_INSTANCES_MAX: u32 = 200;
/// Linear memories of one component.
pub(crate) const MEMORIES_MAX: u32 = 8;
/// Tables of one component.
pub(crate) const TABLES_MAX: u32 = 16;
/// Elements of one table.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 20_000;
/// Handles to resources alive in one store.
pub(crate) const HANDLES_MAX: usize = 1_000;
/// Core instances, and tables, that one unit of concurrency pays for. A component of Rust has three or four.
pub(crate) const CORE_INSTANCES_PER_PERMIT: u32 = 4;
pub(crate) const TABLES_PER_PERMIT: u32 = 2;
/// Fuel after which a guest lets other tasks run: well under a millisecond.
pub(crate) const FUEL_YIELD_INTERVAL: u64 = 1_000_000;

/// Builds the engine; the flag says whether instances are pooled.
pub(crate) fn build(
    allocation: Allocation,
    concurrency_max: u32,
) -> Result<(Engine, bool), wasmtime::Error> {
    if allocation == Allocation::OnDemand {
        return on_demand().map(|engine| (engine, false));
    }
    let mut config = hardened();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(concurrency_max)));
    match Engine::new(&config) {
        Ok(engine) => Ok((engine, true)),
        Err(error) if allocation == Allocation::Auto => {
            tracing::warn!(%error, "no room for a pool of instances, they are mapped on demand");
            on_demand().map(|engine| (engine, false))
        }
        Err(error) => Err(error),
    }
}

/// Builds an engine that reserves nothing. What it compiles, the pooled engine loads: allocation is no part of code.
pub(crate) fn on_demand() -> Result<Engine, wasmtime::Error> {
    Engine::new(&hardened())
}

/// Whatever is not set here is compiled out of wasmtime by its features: threads, GC, exceptions, the component model's
/// async, core dumps, profiling. `multi_memory` stays on, because wasmtime's own adapter modules need it.
fn hardened() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20)
        .async_stack_zeroing(true)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_gc(false)
        .gc_support(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .wasm_stack_switching(false)
        .shared_memory(false)
        .concurrency_support(false);
    config
}

/// A pool in which `concurrency_max` permits' worth of instances always fit, and one component at its caps does.
fn pool(concurrency_max: u32) -> PoolingAllocationConfig {
    let core_instances = concurrency_max.saturating_mul(CORE_INSTANCES_PER_PERMIT);
    let tables = concurrency_max.saturating_mul(TABLES_PER_PERMIT);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(concurrency_max)
        .total_stacks(concurrency_max)
        .total_core_instances(core_instances.max(CORE_INSTANCES_MAX))
        .total_memories(concurrency_max.max(MEMORIES_MAX))
        .total_tables(tables.max(TABLES_MAX))
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_memories_per_module(MEMORIES_MAX)
        .max_tables_per_module(TABLES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(32 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}
