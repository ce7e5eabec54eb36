//! Starts a test server, prints its address as a line for a shell, and keeps it until Ctrl-C or the end of its input.

use std::io::Read;

use anyhow::Result;
use postroom_test_database::Server;

#[tokio::main]
async fn main() -> Result<()> {
    let server = Server::start().await?;
    #[expect(clippy::print_stdout, reason = "the address is what this program is for")]
    {
        println!("export TEST_DATABASE_URL='{}'", server.url());
    }
    // A signal ends this process where it waits; the server's keeper notices that as well.
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
