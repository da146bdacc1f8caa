enum CommunicationsPlaceholder {}
