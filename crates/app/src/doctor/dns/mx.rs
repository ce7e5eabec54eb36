//! Where the sender's domain takes letters in: bounces and replies go there.

use postroom_ports::probe::Finding;

use super::{Mx, Names, Unanswered};

const CHECK: &str = "mx";

pub(super) async fn look(names: &dyn Names, domain: &str) -> Result<Finding, Unanswered> {
    let mx = names.mx(domain).await?;
    let addresses = if mx.is_empty() { names.addresses(domain).await? } else { 0 };
    Ok(judge(domain, &mx, addresses))
}

fn judge(domain: &str, mx: &[Mx], addresses: usize) -> Finding {
    let fix = "publish an MX record that leads to a mail server which takes bounces and replies in";
    if mx.iter().any(|mx| mx.host.is_empty()) {
        let says = "it says that it takes no letters (null MX), and receivers refuse senders that no bounce can reach";
        return Finding::error(CHECK, domain, says, fix);
    }
    match (mx.len(), addresses) {
        (0, 0) => Finding::error(CHECK, domain, "it has neither MX nor address, so bounces and replies are lost", fix),
        (0, _) => Finding::warning(CHECK, domain, "it has no MX, so bounces go to the web server's own address", fix),
        (count, _) => Finding::ok(CHECK, domain, format!("{count} hosts take bounces and replies in")),
    }
}

#[cfg(test)]
mod tests {
    use postroom_ports::probe::Severity;

    use super::*;

    #[test]
    fn a_sender_must_be_reachable() {
        let mx = |host: &str| Mx { preference: 10, host: host.to_owned() };
        let table = [
            (vec![mx("mail.example.org")], 0, Severity::Ok),
            (vec![mx("")], 1, Severity::Error),
            (vec![], 0, Severity::Error),
            (vec![], 2, Severity::Warning),
        ];
        for (mx, addresses, severity) in table {
            assert_eq!(judge("example.org", &mx, addresses).severity, severity, "{mx:?}");
        }
    }
}
