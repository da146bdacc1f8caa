import Core

extension PostgresRound {
    mutating func queueAcceptanceReads(_ connection: PostgresConnection) {
        var businesses = PostgresArray(PostgresType.uuid)
        var clients = PostgresArray(PostgresType.text)
        var emailHashes = PostgresArray(PostgresType.bytea)
        var phoneHashes = PostgresArray(PostgresType.bytea)
        for index in acceptances.indices {
            businesses.append(acceptances[index].acceptance.business)
            clients.append(acceptances[index].acceptance.clientID.text)
            emailHashes.append(acceptances[index].acceptance.recipient?.emailHash)
            phoneHashes.append(acceptances[index].acceptance.recipient?.phoneHash)
        }
        var parameters = PostgresParameters()
        parameters.append(businesses)
        parameters.append(clients)
        parameters.append(emailHashes)
        parameters.append(phoneHashes)
        queue(.clients, PostgresHotSQL.clients, parameters, connection)
        queueIdempotencyReads(connection)
        queueBatchReads(connection)
    }

    private mutating func queueIdempotencyReads(_ connection: PostgresConnection) {
        var businesses = PostgresArray(PostgresType.uuid)
        var routes = PostgresArray(PostgresType.text)
        var keys = PostgresArray(PostgresType.text)
        for (_, acceptance) in keyed {
            guard let claim = acceptance.idempotency else { continue }
            businesses.append(acceptance.business)
            routes.append(claim.route)
            keys.append(claim.key)
        }
        guard !keys.isEmpty else { return }
        var parameters = PostgresParameters()
        parameters.append(businesses)
        parameters.append(routes)
        parameters.append(keys)
        queue(.idempotency, PostgresHotSQL.idempotency, parameters, connection)
    }

    private mutating func queueBatchReads(_ connection: PostgresConnection) {
        guard !batched.isEmpty else { return }
        var parameters = PostgresParameters()
        parameters.append(PostgresArray(PostgresType.uuid, batched.map { .uuid($0.acceptance.business) }))
        parameters.append(PostgresArray(PostgresType.text, batched.map { .text($0.acceptance.clientID.text) }))
        queue(.lastMessages, PostgresHotSQL.lastMessages, parameters, connection)
        queue(.batches, PostgresHotSQL.openBatches, parameters, connection)
    }

    private var keyed: [(index: Int, acceptance: Acceptance)] {
        acceptances.filter { $0.acceptance.idempotency != nil }
    }

    /// In one order over all instances, so that their locks on batches can not cross.
    private var batched: [(index: Int, acceptance: Acceptance)] {
        acceptances.filter { $0.acceptance.needsBatchState }
            .sorted {
                ClientKey($0.acceptance.business, $0.acceptance.clientID) < ClientKey($1.acceptance.business, $1.acceptance.clientID)
            }
    }

    /// Takes in what the read pipeline answered.
    ///
    /// - Returns: the transaction's id, by which its fate can be learnt later.
    mutating func absorb(_ answers: [PostgresAnswer]) throws(DatabaseError) -> String? {
        var transactionID: String?
        let (keyed, batched) = (keyed, batched)
        for (part, answer) in zip(order, answers) {
            let rows = answer.rows
            switch part {
            case .ignored: break
            case .transactionID:
                transactionID = try rows.first?.text(0)
                known.hasEndpoints = try rows.first?.bool(1) ?? false
            case .idempotency:
                for row in rows {
                    guard let acceptance = try Self.element(keyed, row), let claim = acceptance.idempotency else { continue }
                    let key = IdempotencyKey(business: acceptance.business, route: claim.route, key: claim.key)
                    known.idempotency[key] = try IdempotencyRecord(row, from: 1)
                }
            case .clients:
                for row in rows {
                    guard let acceptance = try Self.element(acceptances, row) else { continue }
                    known.clients[ClientKey(acceptance.business, acceptance.clientID)] = try StoredClient(row, from: 1)
                    guard try !row.isNull(20) else { continue }
                    known.suppressed.insert(
                        SuppressedAddress(
                            business: acceptance.business, channel: try row.channel(20), hash: try row.bytes(21),
                            blocksAll: try row.bool(22)))
                }
            case .lastMessages:
                for row in rows {
                    guard let acceptance = try Self.element(batched, row) else { continue }
                    known.lastMessages[ClientKey(acceptance.business, acceptance.clientID)] = try row.timeOrNil(1)
                }
            case .batches:
                for row in rows {
                    guard let acceptance = try Self.element(batched, row) else { continue }
                    known.openBatches[ClientKey(acceptance.business, acceptance.clientID), default: []]
                        .append(try OpenBatchRecord(row, from: 1))
                }
            case .heldLeases:
                for row in rows { known.heldLeases.insert(try row.uuid(0)) }
            case .endedLeases(let token):
                for row in rows { known.endedLeases.insert(Lease(id: try row.uuid(0), token: token)) }
            case .extended(let index):
                result.replies[index] = .ids(try Self.ids(rows))
            case .claimed(let position):
                known.candidates.append(try Self.candidates(rows, claims[position].request))
            }
        }
        return transactionID
    }

    /// The element that a row's ordinal (from 1) names.
    private static func element(_ list: [(index: Int, acceptance: Acceptance)], _ row: Row) throws(DatabaseError) -> Acceptance? {
        let position = try row.int(0) - 1
        return list.indices.contains(position) ? list[position].acceptance : nil
    }

    static func ids(_ rows: [Row]) throws(DatabaseError) -> [CommunicationID] {
        var ids: [CommunicationID] = []
        for row in rows { ids.append(try row.uuid(0)) }
        return ids
    }

    private static func candidates(_ rows: [Row], _ request: ClaimRequest) throws(DatabaseError) -> [ClaimCandidate] {
        var found: [(priority: Int, candidate: ClaimCandidate)] = []
        for row in rows {
            var candidate = try ClaimCandidate(row, channel: request.channel)
            let stored = try StoredClient(row, from: 24)
            let suppressed = SuppressedChannels(joined: try row.textOrNil(43) ?? "")
            candidate.delivery.client = stored.record?.snapshot(stated: stored.stated, suppressed: suppressed)
            found.append((try row.int(44), candidate))
        }
        // The probes come in order, but no rule of SQL says so.
        found.sort { ($0.priority, $0.candidate.dueAt) < ($1.priority, $1.candidate.dueAt) }
        return found.map(\.candidate)
    }

    /// Reads the members of claimed batches, which only the first answers name. Their batches are locked before, so that
    /// nobody joins unseen.
    mutating func readMembers(on connection: PostgresConnection) throws(DatabaseError) {
        let batches = Set(known.candidates.joined().compactMap(\.delivery.batchID))
        guard !batches.isEmpty else { return }
        var parameters = PostgresParameters()
        parameters.append(PostgresArray(PostgresType.uuid, batches.map { .uuid($0) }))
        connection.queue(PostgresHotSQL.lockBatches, parameters)
        connection.queue(PostgresHotSQL.members, parameters)
        let rows = try connection.sync().last?.rows ?? []
        var members: [UUIDv7: [BatchMember]] = [:]
        for row in rows {
            let member = BatchMember(id: try row.uuid(1), messageType: try row.text(2), context: try row.json(3))
            members[try row.uuid(0), default: []].append(member)
        }
        for claim in known.candidates.indices {
            for index in known.candidates[claim].indices {
                let delivery = known.candidates[claim][index].delivery
                guard let batch = delivery.batchID else { continue }
                known.candidates[claim][index].delivery.members = (members[batch] ?? []).filter { $0.id != delivery.id }
            }
        }
    }
}
