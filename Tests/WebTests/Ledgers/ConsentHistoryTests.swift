import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Consent history")
struct ConsentHistoryTests {
    private func record(_ world: World, _ client: String, _ decision: ConsentEntry.Decision) async throws {
        try await world.database.write { tx in
            try tx.record(
                ConsentEntry(
                    client: #require(ClientID(client)), purpose: .marketing, channel: .email, decision: decision,
                    source: ConsentSource(
                        .unsubscribe, by: Actor(.client, id: client), from: "192.0.2.9", wording: "Kein „Newsletter“ mehr?",
                        wordingVersion: "unsubscribe/de/1")),
                business: world.here.id)
        }
        world.clock.advance(seconds: 1)
    }

    @Test("a client's history says what was agreed to, on which words, and from where", arguments: TestEngine.allCases)
    func history(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            try await record(world, "ada", .granted)
            try await record(world, "bob", .granted)
            try await record(world, "ada", .withdrawn)
            let items = try #require(try await api.get("/api/crm/consent/ada").json["items"])
            #expect(items.elements.compactMap { $0["decision"]?.string } == ["withdrawn", "granted"])
            let newest = try #require(items.elements.first { _ in true })
            #expect(newest["wording"]?.string == "Kein „Newsletter“ mehr?" && newest["remote_address"]?.string == "192.0.2.9")
            #expect(
                newest["purpose"]?.string == "marketing" && newest["channel"]?.string == "email"
                    && newest["source"]?.string == "unsubscribe")
            #expect(newest["actor"]?["kind"]?.string == "client" && newest["actor"]?["id"]?.string == "ada")
            #expect(try await api.get("/api/crm/consent/nobody").json["items"]?.count == 0)
            #expect(try await api.with(key: world.elsewhere.key).get("/api/crm/consent/ada").json["items"]?.count == 0)
            try await api.get("/api/crm/consent/nobody/proof").expectProblem(404, "not-found")
            try await api.with(key: world.elsewhere.key).get("/api/crm/consent/ada/proof").expectProblem(404, "not-found")
        }
    }

    @Test(
        "a program that knows only the proof computes every hash of it", .enabled(if: Python.has("hashlib")), arguments: TestEngine.allCases
    )
    func proof(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            for (client, decision) in [("bob", ConsentEntry.Decision.granted), ("ada", .granted), ("bob", .withdrawn), ("ada", .withdrawn)]
            {
                try await record(world, client, decision)
            }
            try await record(world, "eve", .granted)
            let proof = try await api.get("/api/crm/consent/ada/proof")
            #expect(try proof.json["entries"]?.count == 2 && proof.json["chain"]?.count == 4)
            #expect(!proof.text.contains("bob") && !proof.text.contains("eve"))
            #expect(try judge(proof.bytes) == "checked 2 entries and 4 links")
            // The same program refuses what was altered.
            let altered = proof.text.replacing("Newsletter", with: "Newsletters")
            #expect(try judge(Array(altered.utf8)) != "checked 2 entries and 4 links")
            // After an erasure the chain still computes; what was said is gone.
            _ = try await world.database.write { tx in
                try tx.eraseLedgerEntries(of: #require(ClientID("ada")), business: world.here.id)
            }
            let bobs = try await api.get("/api/crm/consent/bob/proof")
            #expect(try judge(bobs.bytes) == "checked 2 entries and 6 links")
            try await api.get("/api/crm/consent/ada/proof").expectProblem(404, "not-found")
        }
    }

    /// Follows the proof's own instructions.
    private func judge(_ proof: [UInt8]) throws -> String {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("proof-\(UUID().uuidString).json")
        try Data(proof).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let script = """
            import hashlib, json, sys
            def sha(text): return hashlib.sha256(text.encode()).hexdigest()
            proof = json.load(open(sys.argv[1]))
            links = {link["sequence"]: link for link in proof["chain"]}
            for entry in proof["entries"]:
                assert entry["content"].splitlines()[-1] == sha(entry["payload"]), "payload"
                said = json.loads(entry["payload"])
                for name in ["client_id", "purpose", "channel", "decision", "wording", "remote_address"]:
                    assert said.get(name) == entry[name], name
                assert entry["content"].splitlines()[7] == entry["decision"], "decision"
                assert sha(entry["content"] + entry["code"] + "\\n") == entry["content_hash"], "content"
                assert links[entry["sequence"]]["content_hash"] == entry["content_hash"], "place"
            last = proof["start"]
            for link in proof["chain"]:
                assert link["sequence"] == last["sequence"] + 1, "sequence"
                lines = ["rapport ledger link 1", str(link["sequence"]), last["hash"], link["content_hash"]]
                assert link["hash"] == sha("".join(line + "\\n" for line in lines)), "link"
                last = link
            assert last["sequence"] == proof["head"]["sequence"] and last["hash"] == proof["head"]["hash"], "head"
            print("checked", len(proof["entries"]), "entries and", len(proof["chain"]), "links")
            """
        let (_, output) = try Python.run(["-c", script, file.path])
        return output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
