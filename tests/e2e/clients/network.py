"""A VPC with two public subnets and a security group, which load balancers and tasks need."""


class Network:
    def __init__(self, ec2, cidr):
        self.ec2 = ec2
        self.vpc = ec2.create_vpc(CidrBlock=f"{cidr}.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"{cidr}.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")
                        ["Subnet"]["SubnetId"] for n, zone in enumerate("abc")]
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.group = ec2.create_security_group(GroupName="web", Description="HTTP", VpcId=self.vpc)["GroupId"]

    def remove(self):
        self.ec2.delete_security_group(GroupId=self.group)
        self.ec2.detach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.ec2.delete_internet_gateway(InternetGatewayId=self.gateway)
        for subnet in self.subnets:
            self.ec2.delete_subnet(SubnetId=subnet)
        self.ec2.delete_vpc(VpcId=self.vpc)
