"""Azure on one machine, for the demo, the tests and a user's laptop; never deployed.

`sandbox.sandbox.Sandbox` brings up storage (Azurite), a stand-in of an Azure ML workspace, an Event Grid topic and a
managed identity on loopback, behind the host names Azure uses. Production code runs in it unchanged.
"""
