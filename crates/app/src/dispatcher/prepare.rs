//! From claims to parcels: rendered, composed, frozen, and on record as about to leave.

use std::panic::{AssertUnwindSafe, catch_unwind};

use postroom_domain::attachment::Attachment;
use postroom_domain::failure::{Code, Failure, FailureClass};
use postroom_domain::lifecycle::Event;
use postroom_ports::composer::Draft;
use postroom_ports::error::{PortError, PortErrorKind};
use postroom_ports::letter::FrozenLetter;
use postroom_ports::queue::{Batch, Claim, Content, Fenced, Ready};

use super::route::WayOut;
use super::{Dispatcher, NotReady, Outcome, Parcel, Prepared};
use crate::faults::{self, Point};
use crate::store_time::StoreTime;

impl Dispatcher {
    /// Renders and freezes what is new. A letter that cannot be rendered fails by itself and
    /// takes nobody with it; one that expired meanwhile is not sent.
    pub async fn prepare(&self, batch: Batch, time: StoreTime) -> Prepared {
        let mut prepared = Prepared::default();
        for claim in batch.claims {
            if claim.state.expires_at.is_some_and(|end| end <= time.now(&*self.room.clock)) {
                prepared.outcomes.push(Outcome::of(claim, Event::Expired, time));
                continue;
            }
            match self.attachments(&claim).await {
                Ok(attachments) => match self.prepare_safely(&claim, &attachments, time) {
                    Ok((frozen, (transport, slot))) => {
                        prepared.parcels.push(Parcel { claim, frozen, transport, slot, time });
                    }
                    Err(failure) => prepared.outcomes.push(Outcome::failed(claim, failure, time)),
                },
                // What somebody damaged does not mend by waiting, and must hold up no other letter.
                Err(error) if error.kind() == PortErrorKind::Corrupt => {
                    let failure = Failure::new(FailureClass::Rejected, Code::CORRUPT, &error.to_string());
                    prepared.outcomes.push(Outcome::failed(claim, failure, time));
                }
                Err(error) => {
                    prepared.outcomes.push(Outcome::of(claim, Event::GivenBack, time));
                    prepared.trouble = Some(error);
                }
            }
        }
        prepared
    }

    /// What a letter that is not frozen yet brings along; the store is asked only where it does.
    async fn attachments(&self, claim: &Claim) -> Result<Vec<Attachment>, PortError> {
        if claim.attachments == 0 || !matches!(claim.content, Content::Fresh) {
            return Ok(Vec::new());
        }
        self.room.queue.attachments(&claim.fence).await
    }

    /// A panic stays with its letter: otherwise it would take the worker with it, and all that is on its way.
    fn prepare_safely(
        &self,
        claim: &Claim,
        attachments: &[Attachment],
        time: StoreTime,
    ) -> Result<(FrozenLetter, WayOut), Failure> {
        catch_unwind(AssertUnwindSafe(|| self.prepare_one(claim, attachments, time))).unwrap_or_else(|_| {
            tracing::error!(delivery.id = %claim.fence.delivery_id, "a letter could not be prepared; this is a bug");
            Err(Failure::new(FailureClass::Rejected, "PANIC", "rendering or composing it panicked; this is a bug"))
        })
    }

    fn prepare_one(
        &self,
        claim: &Claim,
        attachments: &[Attachment],
        time: StoreTime,
    ) -> Result<(FrozenLetter, WayOut), Failure> {
        let frozen = match &claim.content {
            Content::Frozen(frozen) => frozen.clone(),
            Content::Fresh => self.freeze(claim, attachments, time)?,
        };
        let way_out = self.way_out(&claim.letter.workflow, frozen.bytes.len())?;
        Ok((frozen, way_out))
    }

    fn freeze(&self, claim: &Claim, attachments: &[Attachment], time: StoreTime) -> Result<FrozenLetter, Failure> {
        if usize::try_from(claim.attachments) != Ok(attachments.len()) {
            // Whoever lost the claim gets none: then this changes nothing. Whoever holds it must
            // not send less than was handed in, nor try for ever.
            let detail = format!("the store has {} of {} attachments", attachments.len(), claim.attachments);
            return Err(Failure::new(FailureClass::Rejected, Code::ATTACHMENTS_LOST, &detail));
        }
        let letter = &claim.letter;
        let refused = |detail: String| Failure::new(FailureClass::Rejected, Code::TEMPLATE, &detail);
        let wanted = self.room.workflows.of(&letter.workflow);
        let locale = letter.locale.as_ref().or(wanted.locale.as_ref());
        let rendered =
            self.room.renderer.render(&letter.template, locale, &letter.data).map_err(|e| refused(e.to_string()))?;
        let headers = match &wanted.unsubscribe {
            Some(unsubscribe) => unsubscribe.beside(&letter.headers, &claim.fence.delivery_id),
            None => Ok(letter.headers.clone()),
        }
        .map_err(|e| refused(e.to_string()))?;
        let draft = Draft {
            delivery_id: &claim.fence.delivery_id,
            from: &wanted.sender,
            to: &letter.recipient,
            reply_to: letter.reply_to.as_ref(),
            subject: letter.subject.as_ref(),
            headers: &headers,
            rendered: &rendered,
            attachments,
            date: time.now(&*self.room.clock),
        };
        self.room.composer.compose(draft).map_err(|e| refused(e.to_string()))
    }

    /// Puts the parcels on record as about to leave; what comes back may be sent. A parcel
    /// whose claim was lost is dropped: it is somebody else's now.
    ///
    /// # Errors
    /// That of the queue, with the parcels given back: nothing of them may be sent.
    pub async fn ready(&self, parcels: Vec<Parcel>) -> Result<Vec<Parcel>, NotReady> {
        if parcels.is_empty() {
            return Ok(parcels);
        }
        let records: Vec<Ready> = parcels
            .iter()
            .map(|parcel| Ready {
                fence: parcel.claim.fence.clone(),
                frozen: matches!(parcel.claim.content, Content::Fresh).then(|| parcel.frozen.clone()),
                transport: parcel.transport.name(),
            })
            .collect();
        faults::pass(Point::Prepared);
        let answers = match self.room.queue.ready(&records).await {
            Ok(answers) => answers,
            Err(error) => {
                let back = |parcel: Parcel| Outcome::of(parcel.claim, Event::GivenBack, parcel.time);
                return Err(NotReady { error, given_back: parcels.into_iter().map(back).collect() });
            }
        };
        faults::pass(Point::Ready);
        let mut open = Vec::with_capacity(parcels.len());
        for (mut parcel, fenced) in parcels.into_iter().zip(answers) {
            if fenced == Fenced::Done {
                parcel.claim.state.stage = postroom_domain::status::Stage::Handover;
                open.push(parcel);
            } else {
                tracing::warn!(delivery.id = %parcel.claim.fence.delivery_id, "the claim was lost before the handover");
            }
        }
        Ok(open)
    }
}
