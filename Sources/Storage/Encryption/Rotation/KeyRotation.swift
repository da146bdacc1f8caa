import Core

/// Seals everything anew with the first key, while the product goes on working.
///
/// It walks every column of ``SealedColumns`` in small steps. A value takes the place of the one that was read, or of nothing:
/// what somebody changed meanwhile stays as they wrote it (with the first key, or a later pass finds it). Each step's values and
/// its place in the walk are one transaction, so it can be killed anywhere and goes on from there. Passes are repeated until one
/// has found nothing under another key; that one is the proof that the old keys may go.
public struct KeyRotation: Sendable {
    /// After so many passes somebody must be writing with another key.
    static let passLimit = 20

    private let database: Database
    private let cipher: Cipher
    private let columns: [SealedColumn]

    /// - Parameter cipher: of this database, with the key that everything is to be sealed with first.
    public init(database: Database, cipher: Cipher) {
        self.init(database: database, cipher: cipher, columns: SealedColumns.all)
    }

    init(database: Database, cipher: Cipher, columns: [SealedColumn]) {
        self.database = database
        self.cipher = cipher
        self.columns = columns
    }

    /// Begins a rotation to the first key, or goes on with the one that is under way to it.
    ///
    /// - Parameter also: runs in the transaction that begins, for the record of who did.
    public func begin(
        droppingOldKeys: Bool = false, also: @escaping @Sendable (Transaction) throws -> Void = { _ in }
    ) async throws -> KeyRotationProgress {
        let keys = cipher.keys
        return try await database.write { tx in
            _ = try Cipher.prove(keys, tx)
            try also(tx)
            let stored = try tx.keyRotationText()
            let known = stored.flatMap(KeyRotationProgress.init(text:))
            if var known, known.state == .running, known.fingerprint == keys.fingerprint {
                guard droppingOldKeys, !known.dropsOldKeys else { return known }
                known.dropsOldKeys = true
                return try tx.store(known, inPlaceOf: stored) ? known : try tx.keyRotation() ?? known
            }
            var fresh = KeyRotationProgress(keyID: keys.writing.id, fingerprint: keys.fingerprint, startedAt: tx.now, updatedAt: tx.now)
            fresh.dropsOldKeys = droppingOldKeys
            guard try tx.store(fresh, inPlaceOf: stored) else { return known ?? fresh }
            return fresh
        }
    }

    /// Whether a rotation to the first key was begun and is not at its end.
    public func isUnderWay() async throws -> Bool {
        let fingerprint = cipher.keys.fingerprint
        return try await database.read { tx in
            guard let progress = try tx.keyRotation() else { return false }
            return progress.state == .running && progress.fingerprint == fingerprint
        }
    }

    /// Begins, or goes on, and returns at the end.
    ///
    /// - Parameter report: called after every step.
    public func run(report: @Sendable (KeyRotationProgress) async -> Void = { _ in }) async throws -> KeyRotationProgress {
        var progress = try await begin()
        await report(progress)
        var unreadable: String?
        while progress.state == .running {
            try Task.checkCancellation()
            progress = try await step()
            unreadable = unreadable ?? progress.firstUnreadable
            progress.firstUnreadable = progress.unreadable > 0 ? unreadable : nil
            await report(progress)
        }
        return progress
    }

    /// One step of the rotation that is under way.
    public func step() async throws -> KeyRotationProgress {
        let keys = cipher.keys
        let read = try await database.read { tx -> Step? in
            guard let text = try tx.keyRotationText(), let progress = KeyRotationProgress(text: text) else { return nil }
            guard progress.state == .running, progress.fingerprint == keys.fingerprint else {
                return Step(text: text, progress: progress)
            }
            guard let column = column(of: progress) else { return Step(text: text, progress: progress) }
            let after = progress.column == column.name ? progress.position : []
            let rows = try column.rows(after: after, .foreign(to: keys.writing.id), limit: column.page, tx)
            return Step(text: text, progress: progress, column: column, rows: rows)
        }
        guard let read else { throw DatabaseError.decoding("rapport_meta \(KeyRotationProgress.metaKey)") }
        guard read.progress.state == .running, read.progress.fingerprint == keys.fingerprint else { return read.progress }
        guard let column = read.column else { return try await endOfPass(read, keys) }
        return try await reseal(read, column)
    }

    private struct Step: Sendable {
        var text: String
        var progress: KeyRotationProgress
        /// Nil at the end of the pass.
        var column: SealedColumn?
        var rows: [SealedRow] = []
    }

    /// A column of a newer or older release is passed over: the pass begins anew where it is not known.
    private func column(of progress: KeyRotationProgress) -> SealedColumn? {
        guard let name = progress.column else { return columns.first }
        if name == Self.end { return nil }
        return columns.first { $0.name == name } ?? columns.first
    }

    /// Stands for the column after the last.
    private static let end = "end"

    private func reseal(_ step: Step, _ column: SealedColumn) async throws -> KeyRotationProgress {
        var progress = step.progress
        var changes: [(keys: [String], old: SealedValue, new: SealedValue)] = []
        for row in step.rows {
            guard row.value != nil || row.isDamaged else { continue }
            do throws(DatabaseError) {
                guard let value = row.value, let business = row.business else { throw .sealed("") }
                let place = column.place(business: business, keys: row.keys, rowName: row.rowName)
                changes.append((row.keys, value, try cipher.seal(try cipher.openBytes(value, place), place)))
            } catch {
                progress.unreadable += 1
                progress.firstUnreadable = progress.firstUnreadable ?? "\(column.name) \(row.keys.joined(separator: " "))"
            }
        }
        progress.examined += Int64(step.rows.count)
        progress.position = step.rows.last?.keys ?? []
        progress.column = column.name
        if step.rows.count < column.page {
            let next = columns.firstIndex { $0.name == column.name }.map { columns.dropFirst($0 + 1).first } ?? nil
            progress.column = next?.name ?? Self.end
            progress.position = []
        }
        return try await store(progress, step.text) { [changes, progress] tx in
            var progress = progress
            for change in changes where try column.replace(change.old, with: change.new, keys: change.keys, tx) {
                progress.moved += 1
                progress.movedInPass += 1
            }
            return progress
        }
    }

    /// A pass that moved nothing has proved that nothing is left.
    private func endOfPass(_ step: Step, _ keys: KeyRing) async throws -> KeyRotationProgress {
        var progress = step.progress
        if progress.movedInPass > 0, progress.pass < Self.passLimit {
            progress.pass += 1
            (progress.column, progress.position) = (nil, [])
            (progress.examined, progress.movedInPass, progress.unreadable, progress.firstUnreadable) = (0, 0, 0, nil)
        } else {
            progress.state = progress.unreadable == 0 && progress.movedInPass == 0 ? .complete : .incomplete
        }
        return try await store(progress, step.text) { [progress] tx in
            if progress.state == .complete { try Cipher.settle(keys, tx) }
            return progress
        }
    }

    /// Where another process has gone on meanwhile, its progress holds; nothing of this step is stored.
    private func store(
        _ progress: KeyRotationProgress, _ expected: String, _ change: @escaping @Sendable (Transaction) throws -> KeyRotationProgress
    ) async throws -> KeyRotationProgress {
        do {
            return try await database.write { tx in
                var progress = try change(tx)
                progress.updatedAt = tx.now
                guard try tx.store(progress, inPlaceOf: expected) else { throw Overtaken() }
                return progress
            }
        } catch is Overtaken {
            return try await database.read { tx in try tx.keyRotation() } ?? progress
        }
    }

    private struct Overtaken: Error {}
}
