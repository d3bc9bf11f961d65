"""The parts of AWS that Bleep needs, as an app of the AWS CDK. Bleep itself never imports it."""
