import Core
import Storage

/// How far a rotation is, in words, whoever drives it.
struct KeyRotationReport: Sendable {
    var state: String
    /// The first one writes.
    var keys: [String]
    var pass: Int64
    var column: String?
    var sealedAnew: Int64
    var unreadable: Int64
    /// Only where the database is at hand.
    var firstUnreadable: String?

    init(_ progress: KeyRotationProgress, _ keys: KeyRing) {
        state = progress.state.rawValue
        self.keys = keys.names
        pass = Int64(progress.pass)
        column = progress.column
        sealedAnew = progress.moved
        unreadable = progress.unreadable
        firstUnreadable = progress.firstUnreadable
    }

    /// Nil where it is no answer of ours.
    init?(answer: JSONView) {
        guard let state = answer["state"]?.string, let keys = answer["keys"]?.elements.compactMap(\.string) else { return nil }
        self.state = state
        self.keys = keys
        pass = answer["pass"]?.int64 ?? 0
        column = answer["column"]?.string
        sealedAnew = answer["sealed_anew"]?.int64 ?? 0
        unreadable = answer["unreadable"]?.int64 ?? 0
    }

    var lines: String {
        let place = state == "running" ? ", pass \(pass)\(column.map { ", in \($0)" } ?? "")" : ""
        return "rotation   \(state)\(place): \(sealedAnew) sealed anew, \(unreadable) unreadable"
    }

    /// The last words of the command.
    ///
    /// - Parameter droppedOldKeys: they are out of the key file already.
    func conclude(droppedOldKeys: Bool) throws {
        guard state == "complete" else {
            if unreadable > 0 {
                throw CommandFailure(
                    "\(unreadable) values can not be opened with the keys at hand\(firstUnreadable.map { ", the first in \($0)" } ?? ""); "
                        + "keep all keys, and see docs/operations.md")
            }
            throw CommandFailure("the rotation has not come to its end: some instance writes with another key; keep all keys")
        }
        Console.say("Done: \(sealedAnew) values sealed anew; nothing is sealed with another key than '\(keys.first ?? "")'.")
        let old = keys.dropFirst().map { "'\($0)'" }.joined(separator: ", ")
        if !old.isEmpty {
            let fate = droppedOldKeys ? "left the key file" : "can be removed here"
            Console.say("\(old) \(fate). Backups from before still need it: keep a copy for as long as you keep them.")
        }
    }
}
