//! For the tests of whoever sends letters. Behind the feature `testing`; `docs/testing-your-app.md` shows it at length.
//!
//! | you want to know | use |
//! |---|---|
//! | whether a letter was enqueued, in whatever store | [`Letters`], over any `DeliveryTracker` |
//! | what would arrive, without a server or a file | [`TestRoom`]: a mailroom in memory |
//! | what was in it | [`SentLetter`], read back from the message that was sent |
//! | what happens on a bad day | [`TestRoom::transport`], which answers as scripted, and [`TestRoom::advance`] |
//!
//! ```
//! use postroom::testing::{Letters, TestRoom};
//! # use postroom::fields::Fields;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let room = TestRoom::new();
//! // The application under test gets `room.door()` or `room.queue()`, and does this:
//! let fields = Fields::from_json(
//!     br#"{"workflow": "welcome", "template": "welcome", "recipient": "reader@example.org", "data": {"name": "Sam"}}"#,
//! )?;
//! room.door().accept(vec![fields]).await?;
//!
//! Letters::to("reader@example.org").of("welcome").assert_enqueued(&*room.tracker()).await;
//! room.work().await;
//! let [letter] = &room.sent()[..] else { panic!("one letter") };
//! assert_eq!(letter.recipient, "reader@example.org");
//! assert!(letter.text.contains("name: Sam"));
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here sleeps or asks the system for time or chance: time moves when told, and ids repeat from run to run.
//! No failure message shows an address.

mod letters;
mod room;
mod sent;
mod shown;

pub use letters::Letters;
pub use room::TestRoom;
pub use sent::SentLetter;
pub use shown::DataRenderer;
