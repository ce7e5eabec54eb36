//! The rules of a [`TransportProbe`](crate::probe::TransportProbe).

use super::{LEAK, Peer, ProbeHarness};
use crate::probe::{Finding, Severity};

/// What is found out about such a peer.
async fn findings<H: ProbeHarness>(harness: &H, peer: Peer) -> Vec<Finding> {
    harness.set_peer(peer).await;
    let findings = harness.probe().probe().await.findings;
    assert!(!findings.is_empty(), "{peer:?}: something is found out");
    findings
}

fn errors(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.severity == Severity::Error).count()
}

/// A peer that would take a letter has no error.
pub async fn a_peer_in_order_has_no_error<H: ProbeHarness>(harness: &H) {
    let findings = findings(harness, Peer::Accept).await;
    assert_eq!(errors(&findings), 0, "{findings:?}");
}

/// Nothing is handed over, whoever is there.
pub async fn a_probe_hands_nothing_over<H: ProbeHarness>(harness: &H) {
    findings(harness, Peer::Accept).await;
    assert_eq!(harness.received().await, [], "a letter arrived");
}

/// That nobody is there is an error, and not the end of the asking.
pub async fn a_peer_that_is_not_there_is_an_error<H: ProbeHarness>(harness: &H) {
    assert!(errors(&findings(harness, Peer::Unreachable).await) > 0, "nobody is there");
}

/// Credentials that are refused are an error.
pub async fn refused_credentials_are_an_error<H: ProbeHarness>(harness: &H) {
    assert!(errors(&findings(harness, Peer::RefuseCredentials).await) > 0, "they are refused");
}

/// What is not in order says what to do about it.
pub async fn what_is_not_in_order_says_what_to_do<H: ProbeHarness>(harness: &H) {
    for peer in [Peer::Unreachable, Peer::RefuseCredentials] {
        for finding in findings(harness, peer).await {
            let told = finding.fix.as_deref().is_some_and(|fix| !fix.is_empty());
            assert_eq!(told, finding.severity != Severity::Ok, "{peer:?}: {finding:?}");
        }
    }
}

/// No finding repeats what looks like a key or is somebody's address, whatever the peer says.
pub async fn a_finding_holds_no_secret_and_no_address<H: ProbeHarness>(harness: &H) {
    for peer in [Peer::Accept, Peer::RefuseCredentials, Peer::Unreachable] {
        let kept = format!("{:?}", findings(harness, peer).await);
        for secret in [LEAK, "someone@example.org"] {
            assert!(!kept.contains(secret), "{peer:?}: a finding repeats what must not be kept");
        }
    }
}
