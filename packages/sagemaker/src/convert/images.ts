import { AgentError } from '@flyte-agents/core';

/** Whose registry has the Triton images of a region. https://docs.aws.amazon.com/sagemaker/latest/dg/triton.html */
const tritonAccounts: Readonly<Record<string, string>> = {
  'us-east-1': '785573368785',
  'us-east-2': '007439368137',
  'us-west-1': '710691900526',
  'us-west-2': '301217895009',
  'eu-west-1': '802834080501',
  'eu-west-2': '205493899709',
  'eu-west-3': '254080097072',
  'eu-north-1': '601324751636',
  'eu-south-1': '966458181534',
  'eu-central-1': '746233611703',
  'ap-east-1': '110948597952',
  'ap-south-1': '763008648453',
  'ap-northeast-1': '941853720454',
  'ap-northeast-2': '151534178276',
  'ap-southeast-1': '324986816169',
  'ap-southeast-2': '355873309152',
  'cn-northwest-1': '474822919863',
  'cn-north-1': '472730292857',
  'sa-east-1': '756306329178',
  'ca-central-1': '464438896020',
  'me-south-1': '836785723513',
  'af-south-1': '774647643957',
};

/** The images of a task in a region: those of Triton have a registry in each. @throws AgentError INVALID_ARGUMENT where Triton has none */
export function toImages(images: Readonly<Record<string, string>>, region: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(images).map(([name, image]) => [name, toImage(name, image, region)]));
}

function toImage(name: string, image: string, region: string): string {
  if (!image.includes('sagemaker-tritonserver')) return image;
  const account = tritonAccounts[region];
  if (account === undefined && image.includes('{account_id}'))
    throw new AgentError({ code: 'INVALID_ARGUMENT', message: `images.${name}: no registry of Triton images is known in ${region}` });
  const words: Readonly<Record<string, string | undefined>> = {
    account_id: account,
    region,
    base: region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com',
  };
  return image.replaceAll(/\{(\w+)\}/g, (whole, word: string) => words[word] ?? whole);
}
