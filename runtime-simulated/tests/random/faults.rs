//! What goes wrong on a run's network.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ftp_runtime_simulated::{Direction, Fault, Network};

/// Breaks what can be broken, at times. Ends are forged only where TLS `tells_ends_apart`: in clear text nothing does.
pub(crate) async fn break_things(
    net: Network,
    client: IpAddr,
    server: IpAddr,
    tells_ends_apart: bool,
    is_over: Arc<AtomicBool>,
) {
    for _ in 0..net.draw(12) {
        net.sleep(Duration::from_micros(net.draw(1 << net.draw(23))))
            .await;
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let direction = match net.draw(2) {
            0 => Direction::Forth,
            _ => Direction::Back,
        };
        let after = net.draw(1 << net.draw(19));
        let (from, to) = match net.draw(3) {
            0 => (server, client),
            _ => (client, server),
        };
        match net.draw(7) {
            0 => {
                net.reset_between(client, server);
            }
            1 => {
                net.partition(client, server);
                net.sleep(Duration::from_millis(net.draw(1 << net.draw(17))))
                    .await;
                net.heal(client, server);
            }
            2 => net.inject(from, to, Fault::Refuse),
            3 => net.inject(from, to, Fault::Ignore),
            4 => net.inject(from, to, Fault::Stall { direction, after }),
            5 if tells_ends_apart => net.inject(from, to, Fault::Truncate { direction, after }),
            _ => net.inject(from, to, Fault::Reset { direction, after }),
        }
    }
}
