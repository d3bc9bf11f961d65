"""What Bleep needs of AWS, as an app of the AWS CDK. Bleep itself never imports it."""
