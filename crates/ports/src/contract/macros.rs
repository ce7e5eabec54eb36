//! The lists of rules, one per suite, and the macros that stamp them.
//!
//! `for_each_<suite>_rule!(callback! { anything })` calls
//! `callback! { { anything } rule rule rule … }`. The stamps and this crate's own broken fakes
//! go through the same lists, so that they cannot disagree.

/// Calls a macro with every rule of the queue.
#[macro_export]
macro_rules! for_each_queue_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            a_new_letter_is_stored_as_it_was_handed_in
            every_letter_of_a_batch_has_its_own_answer
            enqueue_same_key_twice_returns_the_first_id
            the_same_key_with_other_content_is_refused
            keys_of_different_tenants_do_not_meet
            a_taken_delivery_id_is_refused_and_leaves_the_first_untouched
            one_bad_letter_in_a_batch_does_not_touch_the_others
            the_same_key_twice_in_one_batch_is_one_letter
            one_key_from_many_callers_at_once_is_one_letter
        }
    };
}

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

/// Calls a macro with every rule of the tracker.
#[macro_export]
macro_rules! for_each_tracker_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            find_knows_nothing_of_an_unknown_letter
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

/// Calls a macro with every rule of the worker.
#[macro_export]
macro_rules! for_each_worker_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            a_waiting_worker_is_woken_by_an_enqueue
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

/// Calls a macro with every rule of the transport.
#[macro_export]
macro_rules! for_each_transport_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            an_accepted_letter_yields_a_receipt
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

/// Calls a macro with every rule of the renderer.
#[macro_export]
macro_rules! for_each_renderer_rule {
    ($callback:ident { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            a_letter_has_a_subject_and_both_bodies
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
