//! The macros that stamp suites: one test per rule of the lists in `rules.rs`.

/// Stamps the rules of the queue on a [`StoreHarness`](crate::contract::StoreHarness): one
/// test each, in the module `queue_contract`.
#[macro_export]
macro_rules! queue_contract {
    ($harness:ty $(, skip { $($skipped:ident: $reason:literal),* $(,)? })? $(,)?) => {
        $crate::contract_suite! {
            ($) queue_contract QueueContractHarness queue store for_each_queue_rule
            [$harness] [$($($skipped: $reason,)*)?]
        }
    };
}

/// Stamps the rules of the tracker on a [`StoreHarness`](crate::contract::StoreHarness): one
/// test each, in the module `tracker_contract`.
#[macro_export]
macro_rules! tracker_contract {
    ($harness:ty $(, skip { $($skipped:ident: $reason:literal),* $(,)? })? $(,)?) => {
        $crate::contract_suite! {
            ($) tracker_contract TrackerContractHarness tracker store for_each_tracker_rule
            [$harness] [$($($skipped: $reason,)*)?]
        }
    };
}

/// Stamps the rules of the worker on a [`StoreHarness`](crate::contract::StoreHarness): one
/// test each, in the module `worker_contract`.
#[macro_export]
macro_rules! worker_contract {
    ($harness:ty $(, skip { $($skipped:ident: $reason:literal),* $(,)? })? $(,)?) => {
        $crate::contract_suite! {
            ($) worker_contract WorkerContractHarness worker store for_each_worker_rule
            [$harness] [$($($skipped: $reason,)*)?]
        }
    };
}

/// Stamps the rules of the pauses on a [`StoreHarness`](crate::contract::StoreHarness): one
/// test each, in the module `pauses_contract`.
#[macro_export]
macro_rules! pauses_contract {
    ($harness:ty $(, skip { $($skipped:ident: $reason:literal),* $(,)? })? $(,)?) => {
        $crate::contract_suite! {
            ($) pauses_contract PausesContractHarness pauses store for_each_pauses_rule
            [$harness] [$($($skipped: $reason,)*)?]
        }
    };
}

/// Stamps the rules of the tokens on a [`StoreHarness`](crate::contract::StoreHarness): one
/// test each, in the module `tokens_contract`.
#[macro_export]
macro_rules! tokens_contract {
    ($harness:ty $(, skip { $($skipped:ident: $reason:literal),* $(,)? })? $(,)?) => {
        $crate::contract_suite! {
            ($) tokens_contract TokensContractHarness tokens store for_each_tokens_rule
            [$harness] [$($($skipped: $reason,)*)?]
        }
    };
}

/// Stamps the rules of the statistics on a [`StoreHarness`](crate::contract::StoreHarness): one
/// test each, in the module `statistics_contract`.
#[macro_export]
macro_rules! statistics_contract {
    ($harness:ty $(, skip { $($skipped:ident: $reason:literal),* $(,)? })? $(,)?) => {
        $crate::contract_suite! {
            ($) statistics_contract StatisticsContractHarness statistics store for_each_statistics_rule
            [$harness] [$($($skipped: $reason,)*)?]
        }
    };
}

/// Stamps the rules of the transport on a [`TransportHarness`](crate::contract::TransportHarness): one
/// test each, in the module `transport_contract`.
#[macro_export]
macro_rules! transport_contract {
    ($harness:ty $(, skip { $($skipped:ident: $reason:literal),* $(,)? })? $(,)?) => {
        $crate::contract_suite! {
            ($) transport_contract TransportContractHarness transport transport for_each_transport_rule
            [$harness] [$($($skipped: $reason,)*)?]
        }
    };
}

/// Stamps the rules of the probe on a [`ProbeHarness`](crate::contract::ProbeHarness): one
/// test each, in the module `probe_contract`.
#[macro_export]
macro_rules! probe_contract {
    ($harness:ty $(, skip { $($skipped:ident: $reason:literal),* $(,)? })? $(,)?) => {
        $crate::contract_suite! {
            ($) probe_contract ProbeContractHarness probe transport for_each_probe_rule
            [$harness] [$($($skipped: $reason,)*)?]
        }
    };
}

/// Stamps the rules of the renderer on a [`RendererHarness`](crate::contract::RendererHarness): one
/// test each, in the module `renderer_contract`.
#[macro_export]
macro_rules! renderer_contract {
    ($harness:ty $(, skip { $($skipped:ident: $reason:literal),* $(,)? })? $(,)?) => {
        $crate::contract_suite! {
            ($) renderer_contract RendererContractHarness renderer renderer for_each_renderer_rule
            [$harness] [$($($skipped: $reason,)*)?]
        }
    };
}

/// What the stamps have in common. Not to be called by hand.
///
/// `$d` is a dollar sign: the macros that it writes need some of their own, one of them with
/// an arm per skipped rule in front of the arm for all others.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_suite {
    (($d:tt) $module:ident $alias:ident $rules:ident $kind:ident $list:ident
     [$harness:ty] [$($skipped:ident: $reason:literal,)*]) => {
        type $alias = $harness;

        mod $module {
            use super::$alias as Harness;

            macro_rules! stamp {
                $(($skipped) => { $crate::contract_test! { $kind $rules $skipped #[ignore = $reason] } };)*
                ($d rule:ident) => { $crate::contract_test! { $kind $rules $d rule } };
            }

            macro_rules! stamp_all {
                ({} $d($d rule:ident)*) => { $d(stamp! { $d rule })* };
            }

            $crate::$list! { stamp_all {} }

            // A skipped name that is no rule is a mistake, and does not compile.
            $(const _: () = { let _ = $crate::contract::$rules::$skipped::<Harness>; };)*
        }
    };
}

/// One stamped test. Not to be called by hand.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_test {
    (store $rules:ident $rule:ident $(#[$ignore:meta])?) => {
        #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$ignore])?
        async fn $rule() {
            let harness = <Harness as $crate::contract::StoreHarness>::fresh().await;
            $crate::contract::$rules::$rule(&harness).await;
        }
    };
    (transport $rules:ident $rule:ident $(#[$ignore:meta])?) => {
        #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$ignore])?
        async fn $rule() {
            let harness = <Harness as $crate::contract::TransportHarness>::fresh().await;
            $crate::contract::$rules::$rule(&harness).await;
        }
    };
    (renderer $rules:ident $rule:ident $(#[$ignore:meta])?) => {
        #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$ignore])?
        async fn $rule() {
            let harness = <Harness as $crate::contract::RendererHarness>::fresh();
            $crate::contract::$rules::$rule(&harness).await;
        }
    };
}
