import Core

/// Which approved template stands for which message type, by business and language.
extension Transaction {
    /// In the order of message type and language; of one message type, or all.
    public func whatsAppMappings(business: BusinessID, messageType: String? = nil) throws -> [WhatsAppMapping] {
        var conditions: [SQL] = ["business_id = \(business)"]
        if let messageType { conditions.append("message_type = \(messageType)") }
        return try run(
            """
            SELECT message_type, definition FROM crm_whatsapp_mappings
            WHERE \(SQL.all(conditions))
            ORDER BY message_type, language
            """
        ).map { row in
            do {
                var reader = try FieldReader(JSONDocument(parsing: try row.json(1)).root)
                let template = WhatsAppMappingFields.read(&reader)
                try reader.finish(allowingUnknown: true)
                return WhatsAppMapping(messageType: try row.text(0), template: template)
            } catch let error as DatabaseError {
                throw error
            } catch {
                throw DatabaseError.corrupt(details: "crm_whatsapp_mappings \(try row.text(0))")
            }
        }
    }

    /// Creates or replaces the mapping of the message type in the template's language. True: it is new.
    public func putWhatsAppMapping(_ mapping: WhatsAppMapping, business: BusinessID) throws -> Bool {
        var json = JSONWriter()
        json.object { mapping.template.writeMembers(to: &$0) }
        let created =
            try execute(
                """
                INSERT INTO crm_whatsapp_mappings (business_id, message_type, language, template_name, definition, created_at, updated_at)
                VALUES (\(business), \(mapping.messageType), \(mapping.template.language), \(mapping.template.name), \(json: json.bytes),
                    \(now), \(now))
                ON CONFLICT (business_id, message_type, language) DO NOTHING
                """) > 0
        if !created {
            try execute(
                """
                UPDATE crm_whatsapp_mappings
                SET template_name = \(mapping.template.name), definition = \(json: json.bytes), updated_at = \(now)
                WHERE business_id = \(business) AND message_type = \(mapping.messageType) AND language = \(mapping.template.language)
                """)
        }
        return created
    }

    /// - Parameter language: as WhatsApp writes it; nil: all languages.
    /// - Returns: how many there were.
    public func deleteWhatsAppMappings(_ messageType: String, language: String?, business: BusinessID) throws -> Int {
        var conditions: [SQL] = ["business_id = \(business)", "message_type = \(messageType)"]
        if let language { conditions.append("language = \(language)") }
        return try execute("DELETE FROM crm_whatsapp_mappings WHERE \(SQL.all(conditions))")
    }
}
