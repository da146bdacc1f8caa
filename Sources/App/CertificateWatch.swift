import Logging
import ServiceLifecycle
import UnixSignals
import Web

/// Takes a renewed certificate into use: within a minute, or at once on SIGHUP.
struct CertificateWatch: Service {
    let tls: ServerTLS
    var interval: Duration = .seconds(60)
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: interval)
                        look()
                    }
                }
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: .sighup) { look() }
                }
            }
        }
    }

    /// Files that can not be used, perhaps because only one of them has been replaced yet, change nothing.
    func look() {
        do throws(ServerTLS.Failure) {
            if try tls.reload() { logger.notice("certificate_renewed") }
        } catch {
            logger.warning("certificate_not_renewed", metadata: ["reason": "\(error)"])
        }
    }
}
