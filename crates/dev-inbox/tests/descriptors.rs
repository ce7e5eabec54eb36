//! What happens when the process runs out of file descriptors. This needs a
//! process of its own, started by the first test with a small limit.

#![cfg(unix)]

use std::fs::File;
use std::process::Command;
use std::time::Duration;

use postroom_dev_inbox::{Config, DevInbox};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

const LIMIT: usize = 64;

#[test]
fn accepting_goes_on_after_descriptors_ran_out() {
    let run = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -n {LIMIT} && exec \"$0\" --ignored --exact with_few_descriptors"))
        .arg(std::env::current_exe().unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "started by the test above, in a process that may open few files"]
async fn with_few_descriptors() {
    let inbox = DevInbox::start(Config::default()).await.unwrap();
    let mut hoard = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        hoard.push(file);
        assert!(hoard.len() < LIMIT, "start this under `ulimit -n {LIMIT}`");
    }
    // One descriptor for our end of the connection, none for the server's.
    hoard.pop();
    let mut client = TcpStream::connect(inbox.addr()).await.unwrap();
    let mut greeting = [0; 4];
    let unanswered = timeout(Duration::from_millis(200), client.read_exact(&mut greeting)).await;
    assert!(unanswered.is_err(), "a connection was accepted without a descriptor for it");

    drop(hoard);
    timeout(Duration::from_secs(30), client.read_exact(&mut greeting)).await.unwrap().unwrap();
    assert_eq!(&greeting, b"220 ");
    assert_eq!(inbox.connections_opened(), 1);
}
