/** The AWS SDK requires a region and credentials; nothing on this machine checks them. */
export const localRegion = 'eu-north-1';
export const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' } as const;
