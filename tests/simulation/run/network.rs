//! The network of the simulated run: requests that are lost, delayed, rejected in transit or delivered twice, and responses that are lost.

use stronglog_sync::api::ProblemCode;
use stronglog_sync::engine::response::ServerResponse;
use stronglog_sync::engine::{Event, Message, TransportError};
use stronglog_sync::rules::{self, Rule};
use stronglog_sync::store::Key;
use stronglog_sync::wire;
use uuid::Uuid;

use super::{Run, account_id, trace, value_of};
use crate::device::EPOCH_MS;
use crate::server::problem;

/// A message in transit.
#[derive(Clone)]
pub(super) struct Packet {
    device: usize,
    life: u64,
    session: u64,
    request: u64,
    account: usize,
    message: Message,
}

impl Run {
    /// Sends a request, and checks that it contains nothing of another account (I9).
    pub(super) fn send(&mut self, device: usize, request: u64, account: Uuid, message: Message) -> Result<(), String> {
        let sender = &self.devices[device];
        // The driver only has a token for its current account, so a request for another account is not sent.
        let Some(token) = sender.token.filter(|token| account_id(*token) == account) else {
            self.devices[device].inbox.push(Event::NoResponse { request, error: lost(false) });
            return Ok(());
        };
        if token != sender.account && matches!(&message, Message::Push { .. } | Message::Pull { .. }) {
            return Err(format!("device {device} has sent something of account {} with a token of account {token} (I9)", sender.account));
        }
        self.network.push(Packet { device, life: sender.life, session: sender.session, request, account: token, message });
        Ok(())
    }

    pub(super) fn deliver(&mut self, faults: bool) -> Result<(), String> {
        if self.network.is_empty() {
            return Ok(());
        }
        let packet = self.network.swap_remove(self.chance.below(self.network.len()));
        let offline = self.now < self.devices[packet.device].offline_until;
        if offline || (faults && self.chance.of_thousand(80)) {
            self.answer(&packet, None);
            return Ok(());
        }
        if faults && self.chance.of_thousand(120) {
            self.duplicates.push(packet.clone());
        }
        if let Some(refusal) = faults.then(|| self.refusal(&packet)).flatten() {
            self.answer(&packet, Some(refusal));
            return Ok(());
        }
        let mut answered = self.serve(&packet)?;
        // A server names the account in each response.
        answered.account = Some(account_id(packet.account).to_string());
        let answered = self.mixed_up(&packet, answered, faults);
        let answered = self.mistimed(answered, faults);
        if trace() {
            eprintln!("   -> {} {}", answered.status, String::from_utf8_lossy(&answered.body));
        }
        if faults && self.chance.of_thousand(120) {
            self.answer(&packet, None);
        } else {
            self.answer(&packet, Some(answered));
        }
        Ok(())
    }

    /// Sometimes delivers the response to an earlier request instead, like a program between device and server that mixes up connections:
    /// of any push to a push, and of another account's pull to a pull.
    fn mixed_up(&mut self, packet: &Packet, answered: ServerResponse, faults: bool) -> ServerResponse {
        let is_push = matches!(packet.message, Message::Push { .. });
        let earlier = self.earlier.iter().filter(|(of, push, _)| *push == is_push && (is_push || *of != packet.account));
        let earlier: Vec<ServerResponse> = earlier.map(|(.., earlier)| earlier.clone()).collect();
        if answered.status == 200 {
            self.earlier.retain(|(of, push, _)| (*of, *push) != (packet.account, is_push));
            self.earlier.push((packet.account, is_push, answered.clone()));
        }
        if faults && !earlier.is_empty() && self.chance.of_thousand(15) {
            return earlier[self.chance.below(earlier.len())].clone();
        }
        answered
    }

    /// Delivers a request to the server a second time.
    pub(super) fn serve_duplicate(&mut self) -> Result<(), String> {
        if self.duplicates.is_empty() {
            return Ok(());
        }
        let packet = self.duplicates.swap_remove(self.chance.below(self.duplicates.len()));
        self.serve(&packet)?;
        Ok(())
    }

    /// Sometimes replaces the response with a rejection or a response that violates the contract.
    fn refusal(&mut self, packet: &Packet) -> Option<ServerResponse> {
        // If a server rejected a single small edit as too large, the server itself would be at fault.
        let several = matches!(&packet.message, Message::Push { edits, .. } if edits.len() > 1);
        let answered =
            |status: u16, body: &str| ServerResponse { status, account: None, retry_after_ms: None, body: body.as_bytes().to_vec() };
        Some(match self.chance.below(90) {
            0 => answered(200, "<html>Welcome to our hotel</html>"),
            1 => answered(200, r#"{"changes":[],"nextCursor":"v1.all."#),
            2 => problem(401, ProblemCode::TokenExpired, ""),
            3 if several => problem(413, ProblemCode::PayloadTooLarge, ""),
            4 => ServerResponse { retry_after_ms: Some(3_000), ..problem(429, ProblemCode::RateLimited, "") },
            5 => problem(503, ProblemCode::Unavailable, ",\"retryAfterMs\":2000"),
            6 => answered(502, "bad gateway"),
            7 => answered(404, "no such page"),
            _ => return None,
        })
    }

    /// Sometimes delivers the response with another time of the server, whose clock is wrong for a moment.
    fn mistimed(&mut self, mut answered: ServerResponse, faults: bool) -> ServerResponse {
        if faults && self.chance.of_thousand(15) {
            let wrong = self.chance.pick(&[0, EPOCH_MS - 20_000_000_000, EPOCH_MS + 400_000_000_000, 253_402_300_799_999]);
            let text = String::from_utf8_lossy(&answered.body);
            if let Some((before, after)) = text.split_once("\"serverTime\":") {
                let after = after.trim_start_matches(|character: char| character.is_ascii_digit());
                answered.body = format!("{before}\"serverTime\":{wrong}{after}").into_bytes();
            }
        }
        answered
    }

    fn serve(&mut self, packet: &Packet) -> Result<ServerResponse, String> {
        let now = EPOCH_MS + self.now;
        if trace() {
            eprintln!(
                "{} SERVE d{} {:?}",
                self.now,
                packet.device,
                match &packet.message {
                    Message::Push { edits, cursor } => format!(
                        "push {cursor:?} {:?}",
                        edits
                            .iter()
                            .map(|e| (
                                e.record.id,
                                e.op.seq,
                                e.op.device,
                                e.base_rev,
                                e.record.deleted,
                                e.record.stamp,
                                value_of(&e.record.text)
                            ))
                            .collect::<Vec<_>>()
                    ),
                    m => format!("{m:?}"),
                }
            );
        }
        // A request under a session that has ended is rejected, however old its token is and whenever it was sent (R26).
        let has_ended = self.ended.contains(&(packet.device, packet.session));
        if has_ended && rules::on(Rule::SessionsEndAtOnce) {
            return Ok(problem(401, ProblemCode::TokenRevoked, ""));
        }
        let answered = self.serve_live(packet, now)?;
        match answered.status {
            200 if has_ended => Err(format!("device {} has got data under a session that has ended (I18)", packet.device)),
            _ => Ok(answered),
        }
    }

    fn serve_live(&mut self, packet: &Packet, now: i64) -> Result<ServerResponse, String> {
        match &packet.message {
            Message::Pull { since, limit } => Ok(self.server.pull(packet.account, since.as_deref(), *limit, now)),
            Message::Push { edits, cursor } => {
                let body = wire::write_push(edits, cursor.as_deref());
                let before = self.server.rev(packet.account);
                let newer = self.newer_than_imports(packet.account, edits);
                let answered = self.server.push(packet.account, &body, now, &mut self.chance)?;
                self.check_imports(packet, edits, &newer, &answered)?;
                self.note_acknowledged(packet, &answered);
                if self.server.rev(packet.account) > before {
                    self.ring(packet.account);
                }
                Ok(answered)
            }
        }
    }

    /// The edits of a push that come from an import, and of whose records the server has a newer version.
    fn newer_than_imports(&mut self, account: usize, edits: &[wire::Edit]) -> Vec<Uuid> {
        let mut is_older = |edit: &&wire::Edit| {
            let stored = self.server.stamp(account, Key { collection: edit.collection, id: edit.record.id });
            self.imported.contains(&edit.op.id) && stored.is_some_and(|stored| stored > edit.record.stamp)
        };
        edits.iter().filter(|edit| is_older(edit)).map(|edit| edit.op.id).collect()
    }

    /// Checks that no import has replaced a newer version on the server (I15). The edit counts of a device that was copied mean nothing.
    fn check_imports(&self, packet: &Packet, edits: &[wire::Edit], newer: &[Uuid], answered: &ServerResponse) -> Result<(), String> {
        let result = wire::read_push_result(&answered.body, self.tested.contract.contract, edits);
        let outcomes = result.ok().flatten().map(|result| result.outcomes).unwrap_or_default();
        for (edit, outcome) in edits.iter().zip(outcomes) {
            let is_replaced = matches!(outcome, wire::Outcome::Accepted(_)) && newer.contains(&edit.op.id);
            if is_replaced && !self.put_back.contains(&packet.device) {
                return Err(format!("an import on device {} has replaced a newer version of {} (I15)", packet.device, edit.record.id));
            }
        }
        Ok(())
    }

    fn note_acknowledged(&mut self, packet: &Packet, answered: &ServerResponse) {
        let Message::Push { edits, .. } = &packet.message else { return };
        let Ok(Some(result)) = wire::read_push_result(&answered.body, self.tested.contract.contract, edits) else { return };
        for (edit, outcome) in edits.iter().zip(result.outcomes) {
            let is_accepted = matches!(outcome, wire::Outcome::Accepted(_));
            if let wire::Outcome::Accepted(receipt) | wire::Outcome::Duplicate(receipt) = outcome {
                let key = Key { collection: edit.collection, id: edit.record.id };
                let newest = self.acknowledged.entry((packet.account, key)).or_insert((receipt.op, receipt.stamp));
                let follows = receipt.op.device == newest.0.device && receipt.op.seq > newest.0.seq;
                // A server that lost the edit accepts it again, with the stamp that was sent: the device may not know the one that it was
                // given.
                let is_repeated = is_accepted && receipt.op == newest.0;
                if follows || is_repeated || receipt.stamp > newest.1 {
                    *newest = (receipt.op, receipt.stamp);
                }
            }
        }
    }

    /// Sends change notifications, which only some devices receive.
    fn ring(&mut self, account: usize) {
        let rev = self.server.rev(account);
        for device in self.devices.iter_mut().filter(|device| device.account == account && device.token == Some(account)) {
            if self.chance.of_thousand(500) {
                device.inbox.push(Event::Notified { rev });
            }
        }
    }

    fn answer(&mut self, packet: &Packet, answered: Option<ServerResponse>) {
        let device = &mut self.devices[packet.device];
        if device.life == packet.life {
            device.inbox.push(match answered {
                Some(answer) => Event::Responded { request: packet.request, response: answer },
                None => Event::NoResponse { request: packet.request, error: lost(packet.request.is_multiple_of(2)) },
            });
        }
    }
}

/// Some connections break while a request or its response is in transit, and others are never established.
pub(super) fn lost(is_cut: bool) -> TransportError {
    TransportError { message: "the network is down".to_owned(), is_cut }
}
